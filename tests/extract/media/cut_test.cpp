#include "extract/media/cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "extract/media/frame_stream.h"
#include "extract/media/picture_converter.h"
#include "tests/support/expect_error.h"
#include "tests/support/hostile_files.h"
#include "tests/support/in_child.h"
#include "tests/support/mutate.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using ::testing::HasSubstr;
using testing::TempFolder;
using testing::TestVideo;

Micros ms(std::int64_t count) { return std::chrono::milliseconds(count); }

/// A frame of a clip: which of the source it is, modulo 50, and when it is shown.
struct Shown {
  int frame = 0;
  double at_s = 0;
};

std::vector<Shown> frames_of(const std::filesystem::path& clip) {
  TimeBudget budget(60);
  const TimeBudget::Running running(budget);
  MediaInput input(clip, {}, budget);
  FrameStream stream(input, {});
  std::vector<Shown> frames;
  while (const std::optional<Frame> frame = stream.next()) {
    const AVFrame& picture = *frame->picture;
    const int level = picture.data[0][picture.height / 2 * picture.linesize[0] + picture.width * 3 / 4];
    // of luma, where frame_index_of_level() takes RGB
    frames.push_back({static_cast<int>(std::lround((level - 20) / 4.0)),
                      static_cast<double>(frame->pts) * av_q2d(input.stream().time_base)});
  }
  return frames;
}

bool has_sound(const std::filesystem::path& clip) {
  TimeBudget budget(60);
  const TimeBudget::Running running(budget);
  return MediaInput(clip, {}, budget).select_sound();
}

/// 40 s at 25 frames per second, a key frame every 10.
TestVideo film(const std::string& codec, int b_frames) {
  TestVideo video;
  video.codec = codec;
  video.b_frames = b_frames;
  video.pts_ms = testing::at_rate(25, 40 * 25);
  return video;
}

struct Container {
  const char* file;
  const char* codec;
  int b_frames;
  bool copied;  // whether its pictures can be
};

class CutFrom : public ::testing::TestWithParam<Container> {};

TEST_P(CutFrom, BeginsAtAKeyFrameAndHoldsTheWholeSpan) {
  const TempFolder folder;
  const std::filesystem::path source = folder / GetParam().file;
  testing::write_video(source, film(GetParam().codec, GetParam().b_frames));
  for (const std::int64_t start_ms : {0, 1300, 20900}) {
    const std::filesystem::path file = folder / (std::to_string(start_ms) + ".mp4");
    const TimeSpan span{ms(start_ms), ms(start_ms + 1100)};
    const CutClip clip = cut_video(source, span, file, false);
    EXPECT_EQ(clip.copied, GetParam().copied) << start_ms;
    const std::vector<Shown> frames = frames_of(file);
    ASSERT_FALSE(frames.empty());
    // Containers that count from elsewhere shift all times by less than a frame.
    EXPECT_LE(clip.span.start, span.start + ms(1));
    EXPECT_GE(clip.span.start, span.start - ms(480));
    const auto first = static_cast<int>(std::lround(clip.span.start.count() / 40000.0 - 0.2));
    // The last pictures may be there for others that refer to them.
    for (std::size_t i = 0; i + (clip.copied ? 3 : 0) < frames.size(); ++i) {
      const int off = (frames[i].frame - first - static_cast<int>(i) + 1000) % 50;
      EXPECT_TRUE(off == 0 || (!clip.copied && (off == 1 || off == 49)))
          << "frame " << i << " from " << start_ms << " ms is off by " << off;
    }
    const double length_s = std::chrono::duration<double>(span.end - clip.span.start).count();
    EXPECT_GE(frames.back().at_s, length_s - 0.13);
    EXPECT_LE(frames.back().at_s, length_s + 0.13) << "a few pictures of reordering";
  }
}

TEST_P(CutFrom, IsOfExactlyTheSpanWhereItIsEncodedAgain) {
  const TempFolder folder;
  const std::filesystem::path source = folder / GetParam().file;
  testing::write_video(source, film(GetParam().codec, GetParam().b_frames));
  for (const std::int64_t start_ms : {0, 1300, 20900}) {
    const std::filesystem::path file = folder / (std::to_string(start_ms) + ".mp4");
    const CutClip clip = cut_video(source, {ms(start_ms), ms(start_ms + 1100)}, file, true);
    EXPECT_FALSE(clip.copied);
    EXPECT_EQ(clip.span.start, ms(start_ms));
    const std::vector<Shown> frames = frames_of(file);
    ASSERT_GE(frames.size(), 27U);
    EXPECT_LE(frames.size(), 29U);
    const int first = static_cast<int>(start_ms / 40 % 50);
    const int off = (frames.front().frame - first + 50) % 50;
    EXPECT_TRUE(off == 0 || off == 49)
        << "the picture shown then, or the one before where times are rounded: " << frames.front().frame
        << ", not " << first;
    for (std::size_t i = 1; i < frames.size(); ++i)
      EXPECT_EQ(frames[i].frame, (frames.front().frame + static_cast<int>(i)) % 50) << i;
    EXPECT_LT(frames.back().at_s, 1.1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Every, CutFrom,
    ::testing::Values(Container{"a.mp4", "libx264", 2, true}, Container{"a.mkv", "libx264", 2, true},
                      Container{"a.ts", "libx264", 2, true}, Container{"b.mp4", "mpeg4", 2, true},
                      Container{"b.ts", "mpeg2video", 2, true}, Container{"b.avi", "mpeg4", 0, true},
                      Container{"b.flv", "flv", 0, false}, Container{"b.wmv", "wmv2", 0, false},
                      Container{"c.mkv", "ffv1", 0, false}, Container{"c.m2v", "mpeg2video", 0, false}),
    [](const auto& of) {
      std::string name = of.param.file;
      name.replace(name.find('.'), 1, "_");
      return name + "_" + of.param.codec;
    });

TEST(Cut, KeepsTheSoundThatMp4Holds) {
  const TempFolder folder;
  TestVideo video = film("libx264", 2);
  video.sound_codec = "aac";
  for (const char* const name : {"a.mp4", "a.mkv", "a.ts"}) {
    testing::write_video(folder / name, video);
    for (const bool exact : {false, true}) {
      const std::filesystem::path file =
          folder / (std::string(name) + (exact ? ".exact" : ".copied") + ".mp4");
      EXPECT_EQ(cut_video(folder / name, {ms(12300), ms(14000)}, file, exact).silence, "");
      EXPECT_TRUE(has_sound(file)) << file;
    }
  }
}

TEST(Cut, SaysWhyThereIsNoSound) {
  const TempFolder folder;
  TestVideo video = film("libx264", 0);
  video.sound_codec = "wmav2";
  testing::write_video(folder / "a.mkv", video);
  const CutClip clip = cut_video(folder / "a.mkv", {ms(2000), ms(4000)}, folder / "clip.mp4", false);
  EXPECT_TRUE(clip.copied);
  EXPECT_THAT(clip.silence, HasSubstr("MP4 does not hold 'wmav2'"));
  EXPECT_FALSE(has_sound(folder / "clip.mp4"));
}

TEST(Cut, OfOneKeyFrameIsEncodedWhereItIsFar) {
  const TempFolder folder;
  TestVideo video = film("libx264", 0);
  video.pts_ms = testing::at_rate(1.25, 50);  // brighter and brighter, with no scene cut
  video.key_frame_every = 100;
  testing::write_video(folder / "a.mp4", video);
  EXPECT_TRUE(cut_video(folder / "a.mp4", {ms(9500), ms(12000)}, folder / "near.mp4", false).copied);
  const CutClip far = cut_video(folder / "a.mp4", {ms(20000), ms(24000)}, folder / "far.mp4", false);
  EXPECT_FALSE(far.copied);
  EXPECT_EQ(frames_of(folder / "far.mp4").size(), 5U);
}

TEST(Cut, IsAsWideAndUprightAsItsVideo) {
  const TempFolder folder;
  TestVideo video = film("libx264", 0);
  video.rotation_degrees = 90;
  video.pixel_width = 2;
  testing::write_video(folder / "a.mp4", video);
  for (const bool exact : {false, true}) {
    const std::filesystem::path file = folder / (exact ? "exact.mp4" : "copied.mp4");
    (void)cut_video(folder / "a.mp4", {ms(2000), ms(3000)}, file, exact);
    TimeBudget budget(60);
    const TimeBudget::Running running(budget);
    MediaInput input(file, {}, budget);
    EXPECT_TRUE(is_turned(input.stream())) << exact;
    const AVRational pixel = av_guess_sample_aspect_ratio(&input.format(), &input.stream(), nullptr);
    EXPECT_EQ(av_q2d(pixel), 2) << exact;
  }
}

TEST(Cut, NeverTakesTheNameOfAnotherFile) {
  const TempFolder folder;
  testing::write_video(folder / "a.mp4", film("libx264", 0));
  testing::write_file(folder / "clip.mp4", "mine");
  expect_error(
      [&] {
        (void)cut_video(folder / "a.mp4", {ms(0), ms(1000)}, folder / "clip.mp4", false);
      },
      Fault::Busy, "is there already");
  std::ifstream kept(folder / "clip.mp4");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), "mine");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2)
      << "nothing else is left";
}

TEST(Cut, GivesEqualFilesOfEqualVideos) {
  const TempFolder folder;
  testing::write_video(folder / "a.mp4", film("libx264", 2));
  for (const bool exact : {false, true}) {
    std::string files[2];
    for (const int i : {0, 1}) {
      const auto file = folder / (std::to_string(exact) + std::to_string(i) + ".mp4");
      (void)cut_video(folder / "a.mp4", {ms(2000), ms(3000)}, file, exact);
      std::ifstream bytes(file);
      files[i].assign(std::istreambuf_iterator<char>(bytes), {});
    }
    EXPECT_EQ(files[0], files[1]) << exact;
  }
}

TEST(Cut, RefusesWhatIsNoPartOfTheVideo) {
  const TempFolder folder;
  testing::write_video(folder / "a.mp4", film("libx264", 0));
  const auto cut = [&](TimeSpan span, bool exact) {
    (void)cut_video(folder / "a.mp4", span, folder / "clip.mp4", exact);
  };
  expect_error([&] { cut({ms(2), ms(2)}, false); }, Fault::InvalidArgument, "empty");
  expect_error([&] { cut({ms(40500), ms(41000)}, true); }, Fault::Corrupt, "none is shown");
  expect_error([&] { cut({ms(40500), ms(41000)}, false); }, Fault::Corrupt, "none is shown");
  expect_error([&] { cut({ms(90000), ms(91000)}, true); }, Fault::Corrupt, "none is shown");
  expect_error([&] { cut({ms(90000), ms(91000)}, false); }, Fault::Corrupt, "none is shown");
  EXPECT_FALSE(std::filesystem::exists(folder / "clip.mp4"));
}

TEST(Cut, IsReadByFfprobe) {
  if (std::system("ffprobe -version > /dev/null 2>&1") != 0) GTEST_SKIP() << "needs the ffprobe program";
  const TempFolder folder;
  TestVideo video = film("libx264", 2);
  video.sound_codec = "aac";
  testing::write_video(folder / "a.mkv", video);
  for (const bool exact : {false, true}) {  // the container begins with sound, so times are not whole frames
    const std::string file = (folder / (exact ? "exact.mp4" : "copied.mp4")).string();
    (void)cut_video(folder / "a.mkv", {ms(20100), ms(24100)}, file, exact);
    const std::string report = (folder / "report.json").string(), words = (folder / "words.txt").string();
    const std::string command = "ffprobe -v warning -count_frames -show_streams -show_format -of json '" +
                                file + "' > '" + report + "' 2> '" + words + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    std::stringstream said;
    said << std::ifstream(words).rdbuf();
    EXPECT_EQ(said.str(), "");
    const auto seen = nlohmann::json::parse(std::ifstream(report));
    ASSERT_EQ(seen["streams"].size(), 2U);
    EXPECT_EQ(seen["streams"][0]["codec_name"], "h264");
    EXPECT_EQ(seen["streams"][1]["codec_name"], "aac");
    const int frames = std::stoi(seen["streams"][0]["nb_read_frames"].get<std::string>());
    EXPECT_GE(frames, 100);
    EXPECT_LE(frames, exact ? 101 : 106);
    EXPECT_NEAR(std::stod(seen["format"]["duration"].get<std::string>()), 4.1, 0.2);
  }
}

/// "cut" or an error's words; anything else is a crash.
std::string outcome(const std::filesystem::path& video, const TempFolder& folder, bool exact) {
  try {
    (void)cut_video(video, {ms(500), ms(1500)}, folder / "clip.mp4", exact);
    (void)frames_of(folder / "clip.mp4");
    return "cut";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Cut, OfDamagedVideosEndsInAClipOrInWords) {
  const TempFolder folder;
  TestVideo video = film("libx264", 2);
  video.sound_codec = "aac";
  video.pts_ms = testing::at_rate(25, 60);
  for (const char* const name : {"a.mp4", "a.mkv", "a.ts"}) {
    testing::write_video(folder / name, video);
    std::ifstream file(folder / name);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    std::mt19937 random(5);
    for (int i = 0; i < 40; ++i) {
      const TempFolder clips;
      testing::write_file(clips / name, testing::mutate(bytes, random));
      EXPECT_NE(outcome(clips / name, clips, i % 2 == 0), "");
    }
  }
}

TEST(Cut, OfHostileVideosEndsInAClipOrInWords) {
  TVR_NEEDS_SHARED("hostile");
  int cut = 0;
  for (const testing::HostileFile& file : testing::hostile_files("video")) {
    for (const bool exact : {false, true}) {
      const TempFolder folder;
      const testing::ChildReport report =
          testing::in_child([&] { return outcome(file.path, folder, exact); });
      EXPECT_EQ(report.exit_status, 0) << file.name << ": " << report.text;
      EXPECT_NE(report.text, "") << file.name;
      EXPECT_LT(report.growth_mib, 1500) << file.name;
      cut += report.text == "cut" ? 1 : 0;
    }
  }
  EXPECT_GT(cut, 20);
}

}  // namespace
}  // namespace tvr
