#include "extract/media/remux.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "data/error.h"
#include "extract/media/frame_stream.h"
#include "extract/media/media_input.h"
#include "tests/support/expect_error.h"
#include "tests/support/hostile_files.h"
#include "tests/support/mutate.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::at_rate;
using testing::expect_error;
using testing::TempFolder;
using testing::TestVideo;

const auto kGoOn = [] { return false; };

/// Remuxes into a new file beside it.
std::filesystem::path remuxed(const std::filesystem::path& video, const RemuxLimits& limits = {},
                              const std::function<bool()>& stop = kGoOn) {
  const std::filesystem::path to = video.string() + ".mp4";
  const Descriptor file = replace_by_empty(to);
  remux_to_mp4(SendableFile(video), file, stop, limits);
  return to;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What is shown when: the brightness of each picture, its place and its time in milliseconds.
struct Shown {
  std::vector<int> frames;
  std::vector<std::int64_t> ms;
};
Shown shown(const std::filesystem::path& video) {
  TimeBudget budget(60);
  const TimeBudget::Running running(budget);
  MediaInput input(video, {}, budget);
  FrameStream stream(input, {});
  Shown all;
  while (const std::optional<Frame> frame = stream.next()) {
    all.frames.push_back(testing::frame_index_of_level(
        // limited range luma to RGB
        static_cast<int>((frame->picture->data[0][0] - 16) * 255.0 / 219 + 0.5)));
    all.ms.push_back(av_rescale_q(frame->pts, input.stream().time_base, {1, 1000}));
  }
  return all;
}

struct Case {
  const char* ending;
  int b_frames;
};
class Remux : public ::testing::TestWithParam<Case> {};

TEST_P(Remux, ShowsEveryPictureAtItsTime) {
  const TempFolder folder;
  const std::filesystem::path file = folder / (std::string("video") + GetParam().ending);
  TestVideo video{"libx264", 64, 48, at_rate(25, 90)};
  video.b_frames = GetParam().b_frames;
  video.key_frame_every = 30;
  write_video(file, video);
  const MediaFacts facts = examine_media(SendableFile(file));
  EXPECT_TRUE(facts.playable);
  EXPECT_TRUE(facts.remuxed);
  EXPECT_THAT(facts.mime, ::testing::HasSubstr("video/mp4; codecs=\"avc1."));

  const Shown copy = shown(remuxed(file));
  ASSERT_EQ(copy.frames.size(), video.pts_ms.size());
  for (std::size_t i = 0; i < copy.frames.size(); ++i) {
    EXPECT_EQ(copy.frames[i], static_cast<int>(i % 50)) << i;
    EXPECT_NEAR(static_cast<double>(copy.ms[i] - copy.ms[0]), static_cast<double>(video.pts_ms[i]), 1) << i;
  }
  EXPECT_LE(std::abs(copy.ms[0]), 80) << "begins at 0, but for the delay of reordering";
  const MediaFacts made = examine_media(SendableFile(file.string() + ".mp4"));
  EXPECT_EQ(made.container, "MP4");
  EXPECT_FALSE(made.remuxed);
  EXPECT_EQ(made.mime, facts.mime);
}

INSTANTIATE_TEST_SUITE_P(Containers, Remux,
                         ::testing::Values(Case{".avi", 0}, Case{".avi", 2}, Case{".mkv", 0}, Case{".mkv", 2},
                                           Case{".ts", 0}, Case{".ts", 2}, Case{".flv", 2}),
                         [](const auto& one) {
                           return std::string(one.param.ending + 1) + std::to_string(one.param.b_frames);
                         });

class RemuxOf : public ::testing::Test {
 protected:
  void write(const std::string& codec, int frames = 50) const {
    testing::write_video(file_, {codec, 64, 48, at_rate(25, frames)});
  }
  TempFolder folder_;
  std::filesystem::path file_ = folder_ / "video.mkv";
};

TEST_F(RemuxOf, TheSameFileGivesTheSameBytes) {
  write("libx264");
  const std::string once = bytes_of(remuxed(file_));
  EXPECT_EQ(bytes_of(remuxed(file_)), once);
  EXPECT_GT(once.size(), 500U);
}

TEST_F(RemuxOf, WritesNoMoreThanItsLimitAndCopiesNoMorePackets) {
  write("libx264");
  RemuxLimits limits;
  limits.max_bytes = 2000;
  expect_error([&] { (void)remuxed(file_, limits); }, Fault::Limit, "limit of bytes");
  EXPECT_LE(std::filesystem::file_size(file_.string() + ".mp4"), 2000U);
  limits = {};
  limits.max_packets = 20;
  expect_error([&] { (void)remuxed(file_, limits); }, Fault::Limit, "limit of packets");
  limits = {};
  limits.max_packet_bytes = 100;
  expect_error([&] { (void)remuxed(file_, limits); }, Fault::Limit, "limit of packet bytes");
}

TEST_F(RemuxOf, EndsWhenNobodyWaitsForIt) {
  write("libx264", 500);
  int asked = 0;
  expect_error([&] { (void)remuxed(file_, {}, [&] { return ++asked > 100; }); }, Fault::Interrupted,
               "nobody waits");
  EXPECT_EQ(asked, 101);
}

TEST_F(RemuxOf, ADiskThatIsFullIsSaid) {
  write("libx264");
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  // pwrite() to a device without positions fails, too
  expect_error([&] { remux_to_mp4(SendableFile(file_), full, kGoOn); }, Fault::Unreadable, "cannot be kept");
}

TEST_F(RemuxOf, ACutFileGivesWhatThereIs) {
  write("libx264", 200);
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);
  const Shown copy = shown(remuxed(file_));
  EXPECT_GT(copy.frames.size(), 20U);
  EXPECT_LT(copy.frames.size(), 180U);
}

TEST_F(RemuxOf, HevcHasTheTagThatAllBrowsersOfItTake) {
  if (avcodec_find_encoder_by_name("libx265") == nullptr) GTEST_SKIP() << "needs libx265";
  for (const char* const name : {"video.mkv", "video.mp4"}) {  // libav writes hev1 into an MP4
    file_ = folder_ / name;
    write("libx265");
    const MediaFacts facts = examine_media(SendableFile(file_));
    EXPECT_TRUE(facts.remuxed) << name;
    EXPECT_THAT(facts.mime, ::testing::StartsWith("video/mp4; codecs=\"hvc1.1.6.L")) << name;
    const std::string copy = bytes_of(remuxed(file_));
    EXPECT_NE(copy.find("hvc1"), std::string::npos);
    EXPECT_FALSE(examine_media(SendableFile(file_.string() + ".mp4")).remuxed);
  }
}

/// Runs the ffmpeg program; false: it is not there.
bool ffmpeg(const std::string& arguments) {
  return std::system(("ffmpeg -v error -y " + arguments).c_str()) == 0;
}

TEST_F(RemuxOf, KeepsSoundThatBrowsersPlayAndSaysWhatIsLost) {
  const auto with_sound = [&](const std::string& ending, const std::string& sound) {
    file_ = folder_ / ("sound." + ending);
    return ffmpeg("-f lavfi -i testsrc=d=3:s=64x48:r=25 -f lavfi -i sine=d=3 -c:v libx264 -pix_fmt yuv420p " +
                  sound + " -shortest '" + file_.string() + "'");
  };
  if (!with_sound("ts", "-c:a aac")) GTEST_SKIP() << "needs the ffmpeg program";
  const auto streams = [&] {
    TimeBudget budget(60);
    const TimeBudget::Running running(budget);
    MediaInput input(remuxed(file_), {}, budget);
    std::string names;
    for (unsigned i = 0; i < input.format().nb_streams; ++i)
      names += std::string(avcodec_get_name(input.format().streams[i]->codecpar->codec_id)) + ' ';
    EXPECT_NEAR(static_cast<double>(input.format().duration) / AV_TIME_BASE, 3, 0.2) << file_;
    return names;
  };
  EXPECT_EQ(streams(), "h264 aac ") << "whose ADTS headers go";
  EXPECT_EQ(examine_media(SendableFile(file_)).lost_sound, "");
  for (const auto& [ending, sound, name] :
       std::vector<std::array<std::string, 3>>{{"avi", "-c:a libmp3lame", "mp3"},
                                               {"mkv", "-c:a libopus", "opus"},
                                               {"mkv", "-c:a flac", "flac"}}) {
    ASSERT_TRUE(with_sound(ending, sound));
    EXPECT_EQ(streams(), "h264 " + name + " ");
  }
  ASSERT_TRUE(with_sound("mkv", "-c:a ac3"));
  EXPECT_EQ(streams(), "h264 ");
  EXPECT_EQ(examine_media(SendableFile(file_)).lost_sound, "ac3");
  ASSERT_TRUE(with_sound("mkv", "-map 0:v -map 1:a -map 1:a -c:a:0 ac3 -c:a:1 aac"));
  EXPECT_EQ(streams(), "h264 aac ") << "the second in place of the first";
}

TEST_F(RemuxOf, DamagedBytesGiveAFileOrWords) {
  std::mt19937 random(11);
  for (const char* const ending : {".avi", ".mkv", ".ts", ".flv"}) {
    file_ = folder_ / (std::string("seed") + ending);
    write("libx264", 30);
    const std::string seed = bytes_of(file_);
    for (int i = 0; i < 60; ++i) {
      testing::write_file(file_, testing::mutate(seed, random));
      try {
        EXPECT_GT(std::filesystem::file_size(remuxed(file_)), 0U);
      } catch (const Error& error) {
        EXPECT_FALSE(error.seen().empty());
      }
    }
  }
}

TEST(RemuxOfHostileFiles, EndsWithAFileOrWordsAndKeepsToItsLimits) {
  TVR_NEEDS_SHARED("hostile");
  const TempFolder folder;
  RemuxLimits limits;
  limits.max_bytes = 64 << 20;
  limits.max_seconds = 20;
  int made = 0, files = 0;
  for (const testing::HostileFile& file : testing::hostile_files("video")) {
    const std::filesystem::path to = folder / "made.mp4";
    const Descriptor descriptor = replace_by_empty(to);
    ++files;
    try {
      remux_to_mp4(SendableFile(file.path), descriptor, kGoOn, limits);
      (void)examine_media(SendableFile(to));
      ++made;
    } catch (const Error& error) {
      EXPECT_FALSE(error.seen().empty()) << file.name;
      EXPECT_NE(error.fault(), Fault::Timeout) << file.name;
    }
    EXPECT_LE(std::filesystem::file_size(to), 64U << 20U) << file.name;
  }
  EXPECT_GT(made, 10) << "of " << files;
}

}  // namespace
}  // namespace tvr
