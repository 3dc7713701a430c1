#include "pipeline/frames_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "data/error.h"
#include "extract/clip_stream.h"
#include "pipeline/child_output.h"
#include "pipeline/console.h"

namespace tvr {
namespace {

LaneOptions lane_of(const FramesOptions& options) {
  const Preset preset = preset_named(options.preset);
  LaneOptions lane = options.lane == "3d" ? lane_3d(preset) : lane_2d(preset);
  lane.legacy_rotation = options.legacy_rotation;
  return lane;
}

std::size_t frame_bytes(const Clip& clip) {
  return static_cast<std::size_t>(clip.height) * static_cast<std::size_t>(clip.width) * 3;
}

std::string size_of(const Clip& clip) {
  return std::to_string(clip.width) + "x" + std::to_string(clip.height);
}

/// What becomes of a lane's clips.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(const Clip& clip) = 0;
  /// Says how it went; the exit code.
  [[nodiscard]] virtual int finish() = 0;
};

class RawSink : public Sink {
 public:
  void take(const Clip& clip) override {
    frames_ += clip.frames;
    size_ = size_of(clip);
    if (std::fwrite(clip.rgb.data(), 1, clip.rgb.size(), stdout) != clip.rgb.size()) {
      throw Error(Fault::Unreadable, "standard output", "cannot be written");
    }
  }
  int finish() override {
    if (std::fflush(stdout) != 0) throw Error(Fault::Unreadable, "standard output", "cannot be written");
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
          const_cast<std::uint8_t*>(clip.rgb.data()) + frame_bytes(clip) * static_cast<std::size_t>(i);
      cv::Mat picture;
      cv::cvtColor(cv::Mat(clip.height, clip.width, CV_8UC3, pixels), picture, cv::COLOR_RGB2BGR);
      char name[32];
      std::snprintf(name, sizeof name, "%06lld.png", static_cast<long long>(frames_++));
      const std::string file = (folder_ / name).string();
      if (!cv::imwrite(file, picture)) throw Error(Fault::Unreadable, file, "cannot be written");
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

/// Compares with what the ffmpeg program makes of the same file.
class CheckSink : public Sink {
 public:
  CheckSink(std::filesystem::path video, const ClipStream& stream)
      : video_(std::move(video)), stream_(stream) {}

  void take(const Clip& clip) override {
    if (!ffmpeg_) start();
    theirs_.resize(clip.rgb.size());
    const std::size_t got = ffmpeg_->read(theirs_.data(), theirs_.size());
    for (int i = 0; i < clip.frames; ++i) {
      const std::size_t begin = frame_bytes(clip) * static_cast<std::size_t>(i);
      const std::size_t end = begin + frame_bytes(clip);
      const bool equal = end <= got && std::equal(clip.rgb.begin() + static_cast<std::ptrdiff_t>(begin),
                                                  clip.rgb.begin() + static_cast<std::ptrdiff_t>(end),
                                                  theirs_.begin() + static_cast<std::ptrdiff_t>(begin));
      if (end <= got) ++theirs_count_;
      if (!equal && first_difference_ < 0) first_difference_ = ours_count_;
      if (!equal) ++differences_;
      ++ours_count_;
    }
  }

  int finish() override {
    std::uint8_t extra = 0;
    const bool longer = ffmpeg_->read(&extra, 1) == 1;
    const int status = longer ? 0 : ffmpeg_->wait();
    const bool taken_by_hand = stream_.summary().first_frame_only && theirs_count_ == 0 && ours_count_ == 1;
    const bool equal = (differences_ == 0 || taken_by_hand) && !longer && status == 0;
    std::printf("%s %s: %lld frames, ffmpeg has %s%lld", equal ? "equal" : "DIFFERS", video_.c_str(),
                static_cast<long long>(ours_count_), longer ? "more than " : "",
                static_cast<long long>(theirs_count_));
    if (taken_by_hand)
      std::printf(" (none at this rate: ours takes the first)");
    else if (differences_ > 0)
      std::printf(", %lld differ, the first is %lld", static_cast<long long>(differences_),
                  static_cast<long long>(first_difference_));
    if (status != 0) std::printf(", ffmpeg ended with %d", status);
    std::printf(" [%s]\n", filters_.c_str());
    return equal ? kDone : kFailed;
  }

 private:
  void start() {
    filters_ = stream_.ffmpeg_filters(0);
    // One thread: a damaged file decodes differently with each number of threads.
    ffmpeg_.emplace(std::vector<std::string>{"ffmpeg", "-v", "fatal", "-nostdin", "-threads", "1", "-i",
                                             "file:" + video_.string(), "-filter_complex", filters_, "-f",
                                             "rawvideo", "-pix_fmt", "rgb24", "pipe:1"});
  }

  std::filesystem::path video_;
  const ClipStream& stream_;
  std::optional<ChildOutput> ffmpeg_;
  std::string filters_;
  std::vector<std::uint8_t> theirs_;
  std::int64_t ours_count_ = 0, theirs_count_ = 0, differences_ = 0, first_difference_ = -1;
};

std::unique_ptr<Sink> make_sink(const FramesOptions& options, const ClipStream& stream) {
  if (options.check) return std::make_unique<CheckSink>(options.video, stream);
  if (!options.png.empty()) return std::make_unique<PngSink>(options.png);
  return std::make_unique<RawSink>();
}

}  // namespace

int run_frames(const FramesOptions& options) {
  ClipStream stream(options.video, {lane_of(options)});
  const std::unique_ptr<Sink> sink = make_sink(options, stream);
  while (const std::optional<Clip> clip = stream.next()) {
    if (stop_requested()) throw Error(Fault::Interrupted, options.video.string(), "stopped on request");
    sink->take(*clip);
  }
  const DecodeSummary& summary = stream.summary();
  if (!summary.complete) warn(options.video.string() + ": partial: " + summary.message);
  if (summary.first_frame_only)
    warn(options.video.string() + ": no frame at this rate, the first one was taken");
  const int code = sink->finish();
  return code == kDone && !summary.complete ? kSomeVideosFailed : code;
}

void add_frames_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<FramesOptions>();
  CLI::App* const command = app.add_subcommand("frames", "Write the pictures that a lane's network sees");
  command->add_option("video", options->video, "The video file")->required();
  command->add_option("--lane", options->lane, "2d: 1 fps, short side 224; 3d: 24 fps, 112x112")
      ->check(CLI::IsMember({"2d", "3d"}))
      ->capture_default_str();
  command->add_option("--preset", options->preset, "Scaler: ffmpeg5 (bicubic) or howto100m-2019 (bilinear)")
      ->check(CLI::IsMember({name(Preset::Ffmpeg5), name(Preset::Howto100m2019)}))
      ->capture_default_str();
  command->add_flag("--legacy-rotation", options->legacy_rotation,
                    "Squash rotated videos as the reference does");
  CLI::Option* const png =
      command->add_option("--png", options->png, "Write PNG files into this folder instead of raw rgb24");
  command->add_flag("--check", options->check, "Compare with the installed ffmpeg program, byte for byte")
      ->excludes(png);
  command->callback([options, &exit_code] { exit_code = run_frames(*options); });
}

}  // namespace tvr
