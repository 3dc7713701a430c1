// Compares the frames of both lanes and both presets with the installed ffmpeg program, byte for byte:
//   tvr_frames_parity [FILE | FOLDER]...     without arguments: videos that it makes itself
// Prints a table; exit code 0 when no frame differs, 1 otherwise, 77 without the ffmpeg program.

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/error.h"
#include "extract/media/clip_stream.h"
#include "pipeline/frames/child_output.h"
#include "tests/parity/generated_videos.h"
#include "tests/support/temp_folder.h"

namespace tvr::testing {
namespace {

constexpr int kSkipped = 77;

std::string text_of(const std::vector<std::string>& arguments) {
  ChildOutput program(arguments);
  std::string text;
  std::array<std::uint8_t, 4096> buffer{};
  for (std::size_t got = 1; got > 0;) {
    got = program.read(buffer.data(), buffer.size());
    text.append(reinterpret_cast<const char*>(buffer.data()), got);
  }
  return text;
}

struct Shown {
  int stream = 0;
  double width = 0;
  double height = 0;
};

/// The displayed size of the first video stream that is no cover, by ffprobe; nullopt where it finds none.
std::optional<Shown> shown_size(const std::filesystem::path& path) {
  const nlohmann::json probed = nlohmann::json::parse(
      text_of({"ffprobe", "-v", "quiet", "-print_format", "json", "-show_streams", "file:" + path.string()}),
      nullptr, false);
  if (probed.is_discarded() || !probed.contains("streams")) return std::nullopt;
  for (const auto& stream : probed["streams"]) {
    if (stream.value("codec_type", "") != "video" || stream["disposition"].value("attached_pic", 0) == 1)
      continue;
    Shown shown{stream.value("index", 0), stream.value("width", 0.0), stream.value("height", 0.0)};
    std::int64_t rotation = 0;
    for (const auto& data : stream.value("side_data_list", nlohmann::json::array()))
      rotation = data.value("rotation", rotation);
    if (rotation % 180 == 90 || rotation % 180 == -90) std::swap(shown.width, shown.height);
    return shown.width > 0 && shown.height > 0 ? std::optional(shown) : std::nullopt;
  }
  return std::nullopt;
}

/// The reference's filter text, from its own formulas (video_feature_extractor, video_loader.py).
std::string reference_filters(const Shown& shown, bool lane_3d, const char* kernel) {
  const double side = lane_3d ? 112 : 224;
  const bool tall = shown.height >= shown.width;
  const int height = tall ? static_cast<int>(shown.height * side / shown.width) : static_cast<int>(side);
  const int width = tall ? static_cast<int>(side) : static_cast<int>(shown.width * side / shown.height);
  std::string text = "[0:" + std::to_string(shown.stream) + "]fps=" + (lane_3d ? "24" : "1") +
                     ",scale=" + std::to_string(width) + ":" + std::to_string(height) + ":flags=" + kernel;
  if (lane_3d) {
    text += ",crop=112:112:" + std::to_string(static_cast<int>((width - 112) / 2.0)) + ":" +
            std::to_string(static_cast<int>((height - 112) / 2.0));
  }
  return text;
}

/// One lane of one file, ours beside the ffmpeg program's.
class Comparison {
 public:
  Comparison(const std::filesystem::path& path, const std::string& filters)
      // One thread: a damaged file decodes differently with each number of threads.
      : ffmpeg_({"ffmpeg", "-v", "fatal", "-nostdin", "-threads", "1", "-i", "file:" + path.string(),
                 "-filter_complex", filters, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"}) {}

  void add(const Clip& clip) {
    theirs_.resize(clip.rgb().size());
    const std::size_t got = ffmpeg_.read(theirs_.data(), theirs_.size());
    const std::size_t frame = clip.rgb().size() / static_cast<std::size_t>(clip.frames);
    for (std::size_t at = 0; at < clip.rgb().size(); at += frame, ++ours_count_) {
      if (at + frame > got) continue;
      ++theirs_count_;
      differing_ += !std::equal(theirs_.begin() + static_cast<std::ptrdiff_t>(at),
                                theirs_.begin() + static_cast<std::ptrdiff_t>(at + frame),
                                clip.rgb().begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  void finish() {
    std::uint8_t extra = 0;
    longer_ = ffmpeg_.read(&extra, 1) == 1;
  }
  [[nodiscard]] std::int64_t frames() const { return ours_count_; }
  [[nodiscard]] bool by_hand() const { return ours_count_ == 1 && theirs_count_ == 0 && !longer_; }
  [[nodiscard]] bool equal() const {
    return by_hand() || (differing_ == 0 && ours_count_ == theirs_count_ && !longer_);
  }
  [[nodiscard]] std::string describe() const {
    return std::to_string(ours_count_) + " frames, ffmpeg " + (longer_ ? "more than " : "") +
           std::to_string(theirs_count_) + ", " + std::to_string(differing_) + " differ";
  }

 private:
  ChildOutput ffmpeg_;
  std::vector<std::uint8_t> theirs_;
  std::int64_t ours_count_ = 0, theirs_count_ = 0, differing_ = 0;
  bool longer_ = false;
};

struct Verdict {
  std::string kind;  // "equal", "DIFFERENT", "refused"
  std::string words;
};

Verdict compare(const std::filesystem::path& path, Preset preset) {
  const char* const kernel = is_bicubic(preset) ? "bicubic" : "bilinear";
  std::array<std::optional<Comparison>, 2> lanes;
  DecodeSummary summary;
  try {
    ClipStream stream(path, {lane_2d(preset), lane_3d(preset)});
    const std::optional<Shown> shown = shown_size(path);
    while (const std::optional<Clip> clip = stream.next()) {
      std::optional<Comparison>& lane = lanes.at(clip->lane);
      const std::string filters =
          shown ? reference_filters(*shown, clip->lane == 1, kernel) : stream.ffmpeg_filters(clip->lane);
      if (!lane) lane.emplace(path, filters);
      lane->add(*clip);
    }
    summary = stream.summary();
  } catch (const Error& error) {
    return {"refused", error.seen()};
  }
  Verdict verdict{"equal", ""};
  for (std::optional<Comparison>& lane : lanes) {
    if (!lane) return {"DIFFERENT", "a lane without a clip"};
    lane->finish();
    if (!lane->equal()) verdict.kind = "DIFFERENT";
    verdict.words += (verdict.words.empty() ? "" : "; ") +
                     (lane->equal() ? std::to_string(lane->frames()) : lane->describe());
    if (lane->by_hand()) verdict.words += " (by hand)";
  }
  if (!summary.complete) verdict.words += "; partial";
  return verdict;
}

std::vector<std::filesystem::path> files_in(const std::vector<std::string>& arguments) {
  std::vector<std::filesystem::path> files;
  for (const std::string& argument : arguments) {
    if (!std::filesystem::is_directory(argument)) {
      files.emplace_back(argument);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argument)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

int run(const std::vector<std::filesystem::path>& files) {
  std::map<std::string, int> counts;
  for (const std::filesystem::path& file : files) {
    Verdict verdict = compare(file, Preset::Ffmpeg5);
    if (verdict.kind == "equal") {
      const Verdict bilinear = compare(file, Preset::Howto100m2019);
      if (bilinear.kind != "equal") verdict = {bilinear.kind, "howto100m-2019: " + bilinear.words};
    }
    ++counts[verdict.kind];
    std::printf("%-9s  %-40s  %s\n", verdict.kind.c_str(), file.filename().c_str(), verdict.words.c_str());
    std::fflush(stdout);
  }
  for (const auto& [kind, count] : counts) std::printf("%s: %d of %zu\n", kind.c_str(), count, files.size());
  return counts["DIFFERENT"] == 0 && counts["equal"] > 0 ? 0 : 1;
}

/// "ffmpeg version 5.1.9-0+deb12u1 ...": FFmpeg 5 is what the frames are equal to.
bool is_reference(const std::string& version) { return version.rfind("ffmpeg version 5.", 0) == 0; }

}  // namespace

int main_of(const std::vector<std::string>& arguments) {
  std::string version;
  try {
    version = text_of({"ffmpeg", "-v", "fatal", "-version"});
  } catch (const Error& error) {
    std::printf("skipped: needs the ffmpeg program (%s)\n", error.what());
    return kSkipped;
  }
  if (!arguments.empty()) return run(files_in(arguments));
  const TempFolder folder;
  const std::vector<std::filesystem::path> generated = generate_videos(folder.path(), is_reference(version));
  const int code = run(generated);
  return generated.size() < 30 ? 1 : code;  // a comparison of nothing shows nothing
}

}  // namespace tvr::testing

int main(int argc, char** argv) { return tvr::testing::main_of({argv + 1, argv + argc}); }
