#include "pipeline/commands/frames_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/atomic_file.h"
#include "data/datasets/video_selection.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/write_error.h"
#include "extract/lane_spec.h"
#include "extract/media/clip_stream.h"
#include "pipeline/commands/command.h"
#include "pipeline/commands/parsed_flag.h"
#include "pipeline/frames/frames_check.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

LaneOptions lane_of(const FramesOptions& options, const std::string& name) {
  LaneOptions lane = lane_named(name).sampling(options.preset);
  lane.legacy_rotation = options.legacy_rotation;
  return lane;
}

std::size_t frame_bytes(const Clip& clip) {
  return static_cast<std::size_t>(clip.height) * static_cast<std::size_t>(clip.width) * 3;
}

std::string size_of(const Clip& clip) {
  return std::to_string(clip.width) + "x" + std::to_string(clip.height);
}

/// The presets whose frames are in host memory.
constexpr Choices<Preset, 2> kHostPresets{{{kPresets.name(Preset::Ffmpeg5), Preset::Ffmpeg5},
                                           {kPresets.name(Preset::Howto100m2019), Preset::Howto100m2019}}};

/// Where the frames of a lane go.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(const Clip& clip) = 0;
  /// Reports what was written; returns the exit code.
  [[nodiscard]] virtual int finish() = 0;
};

class RawSink : public Sink {
 public:
  void take(const Clip& clip) override {
    frames_ += clip.frames;
    size_ = size_of(clip);
    const HostFrames& rgb = clip.rgb();
    if (std::fwrite(rgb.data(), 1, rgb.size(), stdout) != rgb.size()) {
      throw write_error("standard output", "cannot be written", errno);
    }
  }
  int finish() override {
    if (std::fflush(stdout) != 0) throw write_error("standard output", "cannot be written", errno);
    say(std::to_string(frames_) + " frames of rgb24, " + size_);
    return kDone;
  }

 private:
  std::int64_t frames_ = 0;
  std::string size_;
};

class PngSink : public Sink {
 public:
  explicit PngSink(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }
  void take(const Clip& clip) override {
    for (int i = 0; i < clip.frames; ++i) {
      auto* const pixels =
          const_cast<std::uint8_t*>(clip.rgb().data()) + frame_bytes(clip) * static_cast<std::size_t>(i);
      cv::Mat picture;
      cv::cvtColor(cv::Mat(clip.height, clip.width, CV_8UC3, pixels), picture, cv::COLOR_RGB2BGR);
      char name[32];
      std::snprintf(name, sizeof name, "%06lld.png", static_cast<long long>(frames_++));
      std::vector<std::uint8_t> png;
      cv::imencode(".png", picture, png);
      AtomicFile file(folder_ / name);
      file.write(png.data(), png.size());
      file.commit();
    }
  }
  int finish() override {
    say(std::to_string(frames_) + " PNG files in " + folder_.string());
    return kDone;
  }

 private:
  std::filesystem::path folder_;
  std::int64_t frames_ = 0;
};

std::unique_ptr<Sink> make_sink(const FramesOptions& options) {
  if (!options.png.empty()) return std::make_unique<PngSink>(options.png);
  if (isatty(STDOUT_FILENO) != 0) {
    throw Error(Fault::InvalidArgument, "frames", "raw pictures are not written to a terminal",
                "Redirect standard output (> FILE.rgb), or pass --png FOLDER");
  }
  return std::make_unique<RawSink>();
}

int write_frames(const FramesOptions& options) {
  const std::unique_ptr<Sink> sink = make_sink(options);
  ClipStream stream(options.video,
                    {lane_of(options, options.lane.empty() ? builtin_lanes().front().name : options.lane)});
  while (const std::optional<Clip> clip = stream.next()) {
    if (stop_requested()) throw Error(Fault::Interrupted, options.video.string(), "stopped on request");
    sink->take(*clip);
  }
  const DecodeSummary& summary = stream.summary();
  if (!summary.complete) warn(options.video.string() + ": partial: " + summary.message);
  if (summary.first_frame_only)
    warn(options.video.string() + ": no frame was sampled at this rate, so the first one was used");
  const int code = sink->finish();
  return code == kDone && !summary.complete ? kSomeVideosFailed : code;
}

std::vector<FramesCheck> check_all(const FramesOptions& options) {
  std::vector<std::filesystem::path> videos{options.video};
  if (std::filesystem::is_directory(options.video)) {
    videos.clear();
    for (const VideoSource& source : videos_of({options.video, {}, {}})) videos.push_back(source.path);
  }
  const std::vector<std::string> lanes =
      options.lane.empty() ? names_of(builtin_lanes()) : std::vector{options.lane};
  std::vector<FramesCheck> checks;
  ProgressLine line("comparing", "videos", static_cast<std::int64_t>(videos.size()));
  for (const std::filesystem::path& video : videos) {
    for (const std::string& lane : lanes) {
      if (stop_requested()) throw Error(Fault::Interrupted, video.string(), "stopped on request");
      checks.push_back(check_frames(video, lane_of(options, lane)));
    }
    line.update(static_cast<std::int64_t>(checks.size() / lanes.size()));
  }
  return checks;
}

void print_json(const std::vector<FramesCheck>& checks) {
  nlohmann::json list = nlohmann::json::array();
  for (const FramesCheck& check : checks) {
    list.push_back({{"video", check.video.string()},
                    {"lane", check.lane},
                    {"result", name(check.result)},
                    {"frames", check.ours},
                    {"ffmpeg_frames", check.theirs},
                    {"differing", check.differing},
                    {"first_difference", check.first_difference},
                    {"partial", check.partial},
                    {"message", check.message},
                    {"filters", check.filters}});
  }
  fmt::print("{}\n", json_text(list));
}

void print_table(const std::vector<FramesCheck>& checks) {
  using Align = Table::Align;
  Table table({{"video"},
               {"lane"},
               {"result"},
               {"frames", Align::Right},
               {"ffmpeg's", Align::Right},
               {"differing", Align::Right},
               {"message"}});
  for (const FramesCheck& check : checks) {
    table.add({check.video.string(), check.lane, name(check.result), fmt::format("{}", check.ours),
               fmt::format("{}", check.theirs), fmt::format("{}", check.differing), check.message});
  }
  fmt::print("{}", table.text());
}

int check(const FramesOptions& options) {
  const std::vector<FramesCheck> checks = check_all(options);
  if (options.json)
    print_json(checks);
  else
    print_table(checks);
  std::map<FramesCheck::Result, int> counts;
  for (const FramesCheck& check : checks) ++counts[check.result];
  using Result = FramesCheck::Result;
  say(fmt::format("frames: {} equal, {} only ours (ffmpeg samples no frame), {} differ, {} refused",
                  counts[Result::Equal], counts[Result::OnlyOurs], counts[Result::Differs],
                  counts[Result::Refused]));
  if (counts[Result::Differs] > 0) return kFailed;
  return counts[Result::Refused] > 0 ? kSomeVideosFailed : kDone;
}

}  // namespace

int run_frames(const FramesOptions& options) {
  return options.check ? check(options) : write_frames(options);
}

void add_frames_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<FramesOptions>();
  CLI::App* const command = add_command(app, "frames");
  command->add_option("video", options->video, "video file, or with --check a folder of videos")->required();
  command
      ->add_option("--lane", options->lane,
                   "2d: 1 fps, short side 224 (default); 3d: 24 fps, 112x112; --check: by default both")
      ->check(CLI::IsMember(names_of(builtin_lanes())));
  add_choice(*command, "--preset", options->preset, kHostPresets,
             "how frames are scaled: ffmpeg5 (bicubic) or howto100m-2019 (bilinear)");
  command->add_flag("--legacy-rotation", options->legacy_rotation,
                    "compute the size of rotated videos before rotating them, as the reference does");
  CLI::Option* const png = command->add_option(
      "--png", options->png, "write PNG files into this folder instead of raw rgb24 to stdout");
  CLI::Option* const check =
      command->add_flag("--check", options->check, "compare with the installed ffmpeg program, byte for byte")
          ->excludes(png);
  command->add_flag("--json", options->json, "print the comparison as JSON")->needs(check);
  command->callback([options, &exit_code] { exit_code = run_frames(*options); });
}

}  // namespace tvr
