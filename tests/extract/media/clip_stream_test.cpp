#include "extract/media/clip_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "extract/media/av_handle.h"
#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::at_rate;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::TempFolder;
using testing::TestVideo;
using testing::write_video;

LaneOptions small_lane(int fps, int clip_frames = 1) {
  LaneOptions lane;
  lane.sample_fps = fps;
  lane.short_side_px = 16;
  lane.clip_frames = clip_frames;
  return lane;
}

/// Which source frame (0..49) each picture of the clip shows.
std::vector<int> frames_of(const Clip& clip) {
  std::vector<int> ids;
  const std::size_t bytes = clip.rgb().size() / static_cast<std::size_t>(clip.frames);
  for (std::size_t i = 0; i < static_cast<std::size_t>(clip.frames); ++i) {
    ids.push_back(testing::frame_index_of_level(clip.rgb()[i * bytes + bytes / 2]));
  }
  return ids;
}

struct Decoded {
  std::vector<Clip> clips;
  DecodeSummary summary;
  [[nodiscard]] std::vector<int> frames(std::size_t lane = 0) const {
    std::vector<int> all;
    for (const Clip& clip : clips) {
      if (clip.lane != lane) continue;
      for (const int id : frames_of(clip)) all.push_back(id);
    }
    return all;
  }
};

Decoded decode(const std::filesystem::path& path, const std::vector<LaneOptions>& lanes,
               const DecodeLimits& limits = {}) {
  ClipStream stream(path, lanes, limits);
  Decoded decoded;
  while (std::optional<Clip> clip = stream.next()) decoded.clips.push_back(std::move(*clip));
  EXPECT_FALSE(stream.next().has_value()) << "the end is the end";
  decoded.summary = stream.summary();
  return decoded;
}

class ClipStreamTest : public ::testing::Test {
 protected:
  std::filesystem::path video(const std::string& name, const TestVideo& video) {
    write_video(folder_ / name, video);
    return folder_ / name;
  }
  TempFolder folder_;
};

TEST_F(ClipStreamTest, TakesTheFramesThatTheFpsFilterTakes) {
  const Decoded decoded = decode(video("a.mkv", {"ffv1", 64, 48, at_rate(25, 50)}), {small_lane(1)});
  EXPECT_THAT(decoded.frames(), ElementsAre(12, 37));
  EXPECT_TRUE(decoded.summary.complete) << decoded.summary.message;
  EXPECT_EQ(decoded.summary.decoded_frames, 50);
}

TEST_F(ClipStreamTest, GivesTheLengthsOfTheSpecification) {
  // seconds at 30 fps, pictures at 1 fps; the first is taken by hand.
  for (const auto& [frames, wanted] :
       std::vector<std::pair<int, std::size_t>>{{9, 1}, {15, 1}, {42, 1}, {45, 2}, {306, 10}}) {
    const Decoded decoded = decode(video("a.mkv", {"ffv1", 16, 16, at_rate(30, frames)}), {small_lane(1)});
    EXPECT_EQ(decoded.clips.size(), wanted) << frames;
    EXPECT_EQ(decoded.summary.first_frame_only, frames == 9);
  }
}

TEST_F(ClipStreamTest, TakesTheFirstFrameOfAVideoTooShortForOne) {
  const Decoded decoded =
      decode(video("a.mkv", {"ffv1", 64, 48, at_rate(25, 4)}), {small_lane(1), small_lane(24)});
  EXPECT_THAT(decoded.frames(0), ElementsAre(0));
  EXPECT_THAT(decoded.frames(1), ElementsAre(0, 1, 2, 3));
  EXPECT_TRUE(decoded.summary.first_frame_only);
  const auto by_hand = std::find_if(decoded.clips.begin(), decoded.clips.end(),
                                    [](const Clip& clip) { return clip.lane == 0; });
  EXPECT_EQ(by_hand->span, (TimeSpan{Micros{0}, Micros{1'000'000}}));
}

TEST_F(ClipStreamTest, CountsAVideoOfOneFrame) {
  const Decoded decoded = decode(video("a.mkv", {"ffv1", 64, 48, {0}}), {small_lane(1), small_lane(24)});
  EXPECT_THAT(decoded.frames(0), ElementsAre(0));
  EXPECT_THAT(decoded.frames(1), ElementsAre(0));
}

TEST_F(ClipStreamTest, FeedsEveryLaneFromOnePassAsItWouldAlone) {
  const std::filesystem::path path = video("a.mkv", {"ffv1", 64, 48, at_rate(29.97, 100)});
  const std::vector<LaneOptions> lanes{small_lane(1), small_lane(24, 16), small_lane(7, 3)};
  const Decoded together = decode(path, lanes);
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const Decoded alone = decode(path, {lanes[i]});
    std::vector<Clip> mine;
    std::copy_if(together.clips.begin(), together.clips.end(), std::back_inserter(mine),
                 [&](const Clip& clip) { return clip.lane == i; });
    ASSERT_EQ(mine.size(), alone.clips.size());
    for (std::size_t k = 0; k < mine.size(); ++k) {
      EXPECT_EQ(mine[k].index, static_cast<std::int64_t>(k));
      EXPECT_EQ(mine[k].rgb(), alone.clips[k].rgb());
      EXPECT_EQ(mine[k].span, alone.clips[k].span);
    }
  }
}

TEST_F(ClipStreamTest, CutsClipsAndTheirTimesWithoutGapOrOverlap) {
  const Decoded decoded = decode(video("a.mkv", {"ffv1", 64, 48, at_rate(24, 40)}), {small_lane(24, 16)});
  ASSERT_EQ(decoded.clips.size(), 3U);
  EXPECT_EQ(decoded.clips[0].frames, 16);
  EXPECT_EQ(decoded.clips[2].frames, 8);
  EXPECT_EQ(decoded.clips[2].rgb().size(), 8U * 16 * 21 * 3);
  EXPECT_EQ(decoded.clips[0].span.start, Micros{0});
  EXPECT_EQ(decoded.clips[0].span.end, decoded.clips[1].span.start);
  EXPECT_EQ(decoded.clips[2].span.end, Micros{40 * 1'000'000 / 24});
}

TEST_F(ClipStreamTest, HidesWhereTheContainersClockBegins) {
  const Decoded decoded = decode(video("a.mkv", {"ffv1", 64, 48, at_rate(10, 20, 5000)}), {small_lane(10)});
  ASSERT_EQ(decoded.clips.size(), 20U);
  EXPECT_EQ(decoded.frames().front(), 0);
  EXPECT_EQ(decoded.frames().back(), 19);
}

TEST_F(ClipStreamTest, ShowsAFrameForAsLongAsItStands) {
  const Decoded decoded = decode(video("a.mkv", {"ffv1", 64, 48, {0, 100, 1100, 1200}}), {small_lane(10)});
  // Nothing says how long the last one stands: it has no slot, as with the ffmpeg program.
  EXPECT_THAT(decoded.frames(), ElementsAre(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2));
}

TEST_F(ClipStreamTest, TurnsARotatedVideoUprightBeforeItMeasuresIt) {
  TestVideo turned{"mpeg4", 64, 48, at_rate(10, 10)};
  turned.left_half_black = true;
  turned.rotation_degrees = 90;  // to be turned clockwise: left becomes top
  const std::filesystem::path path = video("a.mp4", turned);
  const Clip clip = decode(path, {small_lane(1)}).clips.at(0);
  EXPECT_EQ(clip.width, 16);
  EXPECT_EQ(clip.height, 21);
  EXPECT_LT(clip.rgb().front(), 8) << "the black half is on top";
  EXPECT_GT(clip.rgb().back(), 20);
  LaneOptions legacy = small_lane(1);
  legacy.legacy_rotation = true;
  const Clip squashed = decode(path, {legacy}).clips.at(0);
  EXPECT_EQ(squashed.width, 21);
  EXPECT_EQ(squashed.height, 16);
  EXPECT_LT(squashed.rgb().front(), 8);
  EXPECT_GT(squashed.rgb().back(), 20);
}

TEST_F(ClipStreamTest, MarksAFileThatIsCutShort) {
  for (const std::string name : {"a.mkv", "a.avi", "a.ts"}) {
    const std::filesystem::path whole = video(name, {"mpeg4", 64, 48, at_rate(25, 50)});
    EXPECT_TRUE(decode(whole, {small_lane(1)}).summary.complete) << name;
    std::ifstream in(whole, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const std::filesystem::path cut =
        testing::write_file(folder_ / ("cut_" + name), bytes.substr(0, bytes.size() / 4 + 1));
    const Decoded decoded = decode(cut, {small_lane(1)});
    EXPECT_FALSE(decoded.summary.complete) << name;
    EXPECT_THAT(decoded.summary.message, HasSubstr("frames decoded")) << name;
    EXPECT_FALSE(decoded.clips.empty()) << name;
    EXPECT_LT(decoded.summary.decoded_frames, 50) << name;
  }
}

TEST_F(ClipStreamTest, CallsAFileWithoutOnePictureCorrupt) {
  const std::filesystem::path whole = video("a.avi", {"mpeg4", 64, 48, at_rate(25, 10)});
  std::ifstream in(whole, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const std::size_t movie = bytes.find("movi");
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(movie) + 4, bytes.end(), '\0');
  const std::filesystem::path broken = testing::write_file(folder_ / "broken.avi", bytes);
  expect_error([&] { decode(broken, {small_lane(1)}); }, Fault::Corrupt, "no frames");
}

TEST_F(ClipStreamTest, StopsAtItsBudgets) {
  const std::filesystem::path path = video("a.mkv", {"ffv1", 64, 48, at_rate(25, 100)});
  DecodeLimits few;
  few.max_frames = 20;
  expect_error([&] { decode(path, {small_lane(24)}, few); }, Fault::Limit, "limit of frames");
  DecodeLimits tiny;
  tiny.max_pixels = 1000;
  expect_error([&] { decode(path, {small_lane(24)}, tiny); }, Fault::Limit,
               "limit of pixels: frames of 3072 pixels");
  DecodeLimits light;
  light.max_packet_bytes = 10;
  expect_error([&] { decode(path, {small_lane(24)}, light); }, Fault::Limit, "limit of packet bytes");
  DecodeLimits quick;
  quick.max_seconds = 1e-6;
  expect_error([&] { decode(path, {small_lane(24)}, quick); }, Fault::Timeout, "s of processor time");
}

TEST_F(ClipStreamTest, FillsNoGapBeyondItsBudget) {
  DecodeLimits limits;
  limits.max_frames = 1000;
  const std::filesystem::path path = video("a.mkv", {"ffv1", 64, 48, {0, 40, 3'000'000}});
  expect_error([&] { decode(path, {small_lane(24)}, limits); }, Fault::Limit, "limit of frames");
}

TEST_F(ClipStreamTest, RefusesLanesWithoutMeaning) {
  const std::filesystem::path path = video("a.mkv", {"ffv1", 64, 48, {0}});
  LaneOptions lane = small_lane(0);
  expect_error([&] { decode(path, {lane}); }, Fault::InvalidArgument, "sample_fps is 0, wanted 1 to 1000");
  lane = small_lane(1);
  lane.crop_px = 17;
  expect_error([&] { decode(path, {lane}); }, Fault::InvalidArgument, "crop_px is 17");
  lane = small_lane(1);
  lane.resize = Resize::Squash;
  expect_error([&] { decode(path, {lane}); }, Fault::InvalidArgument, "preset ffmpeg5 does not squash");
}

TEST_F(ClipStreamTest, NeedsNoMoreMemoryForALongVideoThanForAShortOne) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer keeps freed memory";
#endif
  const std::filesystem::path brief = video("brief.mkv", {"mpeg4", 32, 32, at_rate(5, 600)});
  const std::filesystem::path hours = video("hours.mkv", {"mpeg4", 32, 32, at_rate(5, 36'000)});
  const auto growth_mib = [](const std::filesystem::path& path) {
    const testing::ChildReport report = testing::in_child([&] {
      ClipStream stream(path, {small_lane(1), small_lane(24, 16)});
      std::int64_t clips = 0;
      while (stream.next()) ++clips;
      return std::to_string(clips);
    });
    EXPECT_EQ(report.exit_status, 0);
    EXPECT_GT(std::stoll(report.text), 120);
    return report.growth_mib;
  };
  const long short_mib = growth_mib(brief);
  EXPECT_LE(growth_mib(hours), short_mib + 4) << "2 minutes took " << short_mib << " MiB";
}

TEST_F(ClipStreamTest, CallsAnOggThatEndsWithinAPagePartial) {
  if (avcodec_find_encoder_by_name("libtheora") == nullptr) GTEST_SKIP() << "needs an encoder for Theora";
  const std::filesystem::path path = video("a.ogv", {"libtheora", 64, 48, testing::at_rate(25, 200)});
  const auto summary = [&] {
    ClipStream stream(path, {small_lane(24)});
    while (stream.next()) {
    }
    return stream.summary();
  };
  EXPECT_TRUE(summary().complete) << summary().message;
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 10);
  EXPECT_FALSE(summary().complete);
  EXPECT_THAT(summary().message, ::testing::HasSubstr("the file is shorter than its header says"));
}

TEST_F(ClipStreamTest, CallsAnMp4WhosePacketsGiveNoFramesPartial) {
  if (avcodec_find_encoder_by_name("libx264") == nullptr) GTEST_SKIP() << "needs an encoder for H.264";
  for (const int lost : {0, 4}) {
    testing::TestVideo video{"libx264", 64, 48, testing::at_rate(25, 40)};
    video.packets_left_out = lost;
    const std::filesystem::path path = folder_ / (std::to_string(lost) + ".mp4");
    testing::write_video(path, video);
    ClipStream stream(path, {small_lane(24)});
    while (stream.next()) {
    }
    EXPECT_EQ(stream.summary().complete, lost == 0) << stream.summary().message;
    EXPECT_THAT(stream.summary().message, ::testing::HasSubstr(lost == 0 ? "" : "packets gave no frame"));
  }
}

}  // namespace
}  // namespace tvr
