#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "data/error.h"
#include "extract/media/clip_stream.h"
#include "tests/support/hostile_files.h"
#include "tests/support/in_child.h"

namespace tvr {
namespace {

using testing::ChildReport;
using testing::HostileFile;

/// The source frame that a picture shows: 12 bars in its upper half, the lowest bit to the left, dark or
/// bright.
int bar_code(const Clip& clip) {
  int id = 0;
  for (int bit = 0; bit < 12; ++bit) {
    const int x = clip.width * (2 * bit + 1) / 24;
    const std::size_t at = (static_cast<std::size_t>(clip.height / 4) * static_cast<std::size_t>(clip.width) +
                            static_cast<std::size_t>(x)) *
                           3;
    if (clip.rgb()[at] > 127) id |= 1 << bit;
  }
  return id;
}

/// "ok|complete|4|96|12 37 62 87" or "error|unsupported|words": what becomes of the file.
std::string outcome(const std::filesystem::path& path, const DecodeLimits& limits, bool with_3d) {
  std::vector<LaneOptions> lanes{lane_2d()};
  if (with_3d) lanes.push_back(lane_3d());
  try {
    ClipStream stream(path, lanes, limits);
    std::int64_t frames[2] = {0, 0};
    std::ostringstream ids;
    while (const std::optional<Clip> clip = stream.next()) {
      if (clip->lane == 0 && frames[0] < 100) ids << bar_code(*clip) << ' ';
      frames[clip->lane] += clip->frames;
    }
    const DecodeSummary& summary = stream.summary();
    return std::string("ok|") + (summary.complete ? "complete" : "partial") + "|" +
           std::to_string(frames[0]) + "|" + std::to_string(frames[1]) + "|" + ids.str();
  } catch (const Error& error) {
    return std::string("error|") + name(error.fault()) + "|" + error.seen();
  }
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, '|');) parts.push_back(part);
  return parts;
}

/// How the words of an error begin, by the manifest's class.
const std::map<std::string, std::string> kWords{
    {"forbidden_format", "forbidden format"},
    {"not_media", "not a media file"},
    {"no_frames", "no frames"},
    {"no_video_stream", "no video stream"},
    {"limit_pixels", "limit of pixels"},
    {"limit_frames", "limit of frames"},
};

// The manifest counted with -vf, where the ffmpeg program drops what precedes a late first picture;
// -filter_complex, the reference's way, repeats the first picture instead. With a rounding of the last slot
// at 24 fps.
const std::set<std::string> kCountedOtherwise{"d_ts_midgop.ts", "b_mpeg4_xvid_packed.avi"};

void check_error(const HostileFile& file, const std::vector<std::string>& parts) {
  const auto words = kWords.find(file.error_class);
  ASSERT_NE(words, kWords.end()) << file.error_class;
  EXPECT_EQ(parts.at(2).rfind(words->second, 0), 0U) << parts.at(2) << "; wanted: " << words->second;
}

void check_frames(const HostileFile& file, const std::vector<std::string>& parts) {
  const bool degraded = file.entry.value("degraded", false);
  EXPECT_EQ(parts.at(1), degraded ? "partial" : "complete");
  if (kCountedOtherwise.count(file.name) != 0) return;
  const std::int64_t counted = file.facts.value("cli_frames_1fps", std::int64_t{0});
  EXPECT_EQ(std::stoll(parts.at(2)), std::max<std::int64_t>(counted, 1));
  if (parts.at(3) != "0") {
    EXPECT_EQ(std::stoll(parts.at(3)), file.facts.value("cli_frames_24fps", std::int64_t{0}));
  }
  if (!file.facts.contains("ids_1fps") || degraded || file.facts["width"] < 24) return;
  std::istringstream ids(parts.at(4));
  for (const auto& wanted : file.facts["ids_1fps"]) {
    int id = -1;
    if (!(ids >> id)) break;
    EXPECT_EQ(id, wanted.get<int>());
  }
}

TEST(HostileVideos, EndAsTheirManifestSays) {
  TVR_NEEDS_SHARED("hostile");
  int files = 0;
  for (const HostileFile& file : testing::hostile_files("video")) {
    SCOPED_TRACE(file.name);
    const bool hours = file.name == "g_10hours_1fps.mp4";  // 864,000 pictures at 24 fps
    const ChildReport report = testing::in_child([&] { return outcome(file.path, {}, !hours); });
    ASSERT_EQ(report.exit_status, 0) << "crashed";
    const std::vector<std::string> parts = split(report.text);
    ASSERT_GE(parts.size(), 3U) << report.text;
    if (parts[0] == "ok") {
      EXPECT_TRUE(file.is_ok || file.entry.value("may_ok", false)) << report.text;
      check_frames(file, parts);
    } else {
      EXPECT_TRUE(!file.is_ok || file.entry.value("may_error", false)) << report.text;
      check_error(file, parts);
    }
    const nlohmann::json limits = file.entry.value("limits", nlohmann::json::object());
#if !defined(__SANITIZE_ADDRESS__)
    EXPECT_LE(report.growth_mib, limits.value("max_rss_mb", 300L));
#endif
    EXPECT_LE(report.cpu_s, limits.value("max_seconds", 60.0));
    ++files;
  }
  EXPECT_GE(files, 98);
}

}  // namespace
}  // namespace tvr
