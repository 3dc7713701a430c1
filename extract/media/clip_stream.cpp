#include "extract/media/clip_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "data/error.h"
#include "extract/gpu.h"
#include "extract/media/av_log.h"
#include "extract/media/frame_stream.h"
#include "extract/media/media_input.h"
#include "extract/media/sampler.h"

namespace tvr {
namespace {

void validate(const LaneOptions& lane) {
  const auto refuse = [&](const std::string& field, int value, const std::string& range) {
    throw Error(Fault::InvalidArgument, "lane '" + lane.name + "'",
                field + " is " + std::to_string(value) + ", wanted " + range);
  };
  if (lane.sample_fps < 1 || lane.sample_fps > 1000) refuse("sample_fps", lane.sample_fps, "1 to 1000");
  if (lane.short_side_px < 16 || lane.short_side_px > 4096)
    refuse("short_side_px", lane.short_side_px, "16 to 4096");
  if (lane.crop_px < 0 || lane.crop_px > lane.short_side_px)
    refuse("crop_px", lane.crop_px, "0 to short_side_px");
  if (lane.resize == Resize::Squash && !is_pillow(lane.preset)) {
    throw Error(Fault::InvalidArgument, "lane '" + lane.name + "'",
                std::string("preset ") + kPresets.name(lane.preset) + " does not squash",
                "Use pillow-bicubic");
  }
  if (lane.clip_frames < 1 || lane.clip_frames > 1024) refuse("clip_frames", lane.clip_frames, "1 to 1024");
}

Micros slot_time(std::int64_t frame, int fps) { return Micros{frame * 1'000'000 / fps}; }

/// A lane's sampler and the clip being filled.
class LaneClips {
 public:
  LaneClips(std::size_t lane, const LaneOptions& options, MediaInput& input, const DecodeLimits& limits)
      : lane_(lane), options_(options), sampler_(input.name(), input.stream(), options, limits) {}

  [[nodiscard]] Sampler& sampler() noexcept { return sampler_; }
  [[nodiscard]] const Sampler& sampler() const noexcept { return sampler_; }

  /// The next full clip from the frames that are ready.
  [[nodiscard]] std::optional<Clip> next() {
    while (const AVFrame* const picture = sampler_.next()) {
      append(*picture);
      if (clip_.frames == options_.clip_frames) return take();
    }
    return std::nullopt;
  }

  /// The last, incomplete clip, at the end of the video.
  [[nodiscard]] std::optional<Clip> rest() {
    if (clip_.frames == 0) return std::nullopt;
    return take();
  }

 private:
  /// All frames of a clip are in one memory space: host memory, if the video changes within the clip so that
  /// its frames can no longer, or only from now on, be scaled on the GPU.
  void append(const AVFrame& picture) {
    if (clip_.frames == 0) begin(picture);
    if (picture.format != AV_PIX_FMT_CUDA) {
      clip_ = to_host(std::move(clip_));
      append_rows(picture);
    } else if (auto* const on_gpu = std::get_if<GpuFrames>(&clip_.pixels)) {
      on_gpu->push_back(reference_to(picture));
    } else {
      Clip alone;
      alone.height = picture.height;
      alone.width = picture.width;
      alone.pixels = GpuFrames{reference_to(picture)};
      alone = to_host(std::move(alone));
      clip_.rgb().insert(clip_.rgb().end(), alone.rgb().begin(), alone.rgb().end());
    }
    ++clip_.frames;
  }

  void append_rows(const AVFrame& picture) {
    HostFrames& rgb = clip_.rgb();
    const auto row_bytes = static_cast<std::size_t>(picture.width) * 3;
    if (rgb.empty()) {
      rgb.reserve(row_bytes * static_cast<std::size_t>(picture.height) *
                  static_cast<std::size_t>(options_.clip_frames));
    }
    for (int y = 0; y < picture.height; ++y) {
      const std::uint8_t* const row = picture.data[0] + static_cast<std::ptrdiff_t>(y) * picture.linesize[0];
      rgb.insert(rgb.end(), row, row + row_bytes);
    }
  }

  static std::shared_ptr<const std::uint8_t> reference_to(const AVFrame& picture) {
    const std::shared_ptr<AVFrame> frame(av_allocated(av_frame_clone(&picture)), AvFree<av_frame_free>());
    return {frame, frame->data[0]};
  }

  void begin(const AVFrame& picture) {
    clip_.lane = lane_;
    clip_.index = clips_;
    clip_.height = picture.height;
    clip_.width = picture.width;
    if (picture.format == AV_PIX_FMT_CUDA) clip_.pixels = GpuFrames{};
  }

  Clip take() {
    const std::int64_t first = clips_ * options_.clip_frames;
    clip_.span = {slot_time(first, options_.sample_fps),
                  slot_time(first + clip_.frames, options_.sample_fps)};
    ++clips_;
    return std::exchange(clip_, Clip{});
  }

  std::size_t lane_;
  LaneOptions options_;
  Sampler sampler_;
  Clip clip_;
  std::int64_t clips_ = 0;
};

}  // namespace

class ClipStream::Impl {
 public:
  Impl(const std::filesystem::path& path, const std::vector<LaneOptions>& lanes, const DecodeLimits& limits,
       int gpu)
      : budget_(limits.max_seconds) {
    for (const LaneOptions& lane : lanes) validate(lane);
    const TimeBudget::Running running(budget_);
    const AvLog::Listening listening(log_);
    input_.emplace(path, limits, budget_);
    log_.clear();  // messages logged while opening a valid file are irrelevant
    if (!lanes.empty() && is_gpu(lanes.front().preset)) gpu_ = gpu;
    frames_.emplace(*input_, limits, gpu_);
    for (std::size_t i = 0; i < lanes.size(); ++i) lanes_.emplace_back(i, lanes[i], *input_, limits);
    summary_.expected_frames = input_->stream().nb_frames;
    const std::int64_t duration = input_->format().duration;
    summary_.duration_s = duration == AV_NOPTS_VALUE ? 0 : static_cast<double>(duration) / AV_TIME_BASE;
  }

  std::optional<Clip> next() {
    const TimeBudget::Running running(budget_);
    const AvLog::Listening listening(log_);
    if (gpu_) select_gpu(*gpu_);
    for (;;) {
      for (LaneClips& lane : lanes_) {
        if (std::optional<Clip> clip = lane.next()) return clip;
      }
      if (over_) return rest();
      if (const std::optional<Frame> frame = frames_->next()) {
        for (LaneClips& lane : lanes_) lane.sampler().push(*frame);
      } else {
        over_ = true;
        if (frames_->damage().pictures == 0) throw no_picture();
        for (LaneClips& lane : lanes_) lane.sampler().finish(frames_->end());
      }
    }
  }

  [[nodiscard]] const DecodeSummary& summary() const noexcept { return summary_; }

  [[nodiscard]] std::string ffmpeg_filters(std::size_t lane) const {
    return "[0:" + std::to_string(input_->stream_index()) + "]" + lanes_.at(lane).sampler().ffmpeg_filters();
  }

 private:
  std::optional<Clip> rest() {
    for (LaneClips& lane : lanes_) {
      if (std::optional<Clip> clip = lane.rest()) return clip;
    }
    summarise();
    return std::nullopt;
  }

  void summarise() {
    const Damage& damage = frames_->damage();
    summary_.decoded_frames = damage.pictures;
    const bool cut = damage.packets_read < input_->expected_packets();
    const std::int64_t lost = lost_pictures();
    summary_.complete = damage.rejected == 0 && damage.flawed == 0 && !cut && lost == 0 &&
                        input_->read_error().empty() && !log_.demuxer_complained();
    for (LaneClips& lane : lanes_) summary_.first_frame_only |= lane.sampler().first_frame_only();
    if (!summary_.complete) summary_.message = describe(damage, cut, lost);
  }

  /// Packets of which the decoder made nothing without a word, as those before the first key frame. Only
  /// where each packet is a picture: H.264 in MP4, unless it is coded in fields.
  [[nodiscard]] std::int64_t lost_pictures() {
    const Damage& damage = frames_->damage();
    const bool one_each = input_->expected_packets() > 0 && !damage.in_fields &&
                          input_->stream().codecpar->codec_id == AV_CODEC_ID_H264;
    const std::int64_t lost = damage.packets_read - damage.unshown - damage.rejected - damage.pictures;
    return one_each ? std::max<std::int64_t>(0, lost) : 0;
  }

  [[nodiscard]] std::string describe(const Damage& damage, bool cut, std::int64_t lost) const {
    std::string words = std::to_string(damage.pictures) + " frames decoded";
    if (cut) {
      words += ", the file ends after " + std::to_string(damage.packets_read) + " of " +
               std::to_string(input_->expected_packets()) + " frames";
    }
    if (lost > 0) words += ", " + std::to_string(lost) + " packets gave no frame";
    if (damage.rejected > 0) words += ", " + std::to_string(damage.rejected) + " packets rejected";
    if (damage.flawed > 0) words += ", " + std::to_string(damage.flawed) + " frames damaged";
    if (!input_->read_error().empty()) words += ", reading stopped: " + input_->read_error();
    return log_.text().empty() ? words : words + " (" + log_.text() + ")";
  }

  [[nodiscard]] Error no_picture() {
    // If the container does not state the size, only libav's message reveals the limit.
    if (log_.text().find("max pixel count") != std::string::npos) {
      return Error(Fault::Limit, input_->name(), "limit of pixels: " + log_.text());
    }
    return Error(Fault::Corrupt, input_->name(),
                 "no frames: no frame of its video stream could be decoded" +
                     (log_.text().empty() ? "" : " (" + log_.text() + ")"));
  }

  TimeBudget budget_;
  AvLog log_;
  std::optional<int> gpu_;
  std::optional<MediaInput> input_;
  std::optional<FrameStream> frames_;
  std::vector<LaneClips> lanes_;
  DecodeSummary summary_;
  bool over_ = false;
};

ClipStream::ClipStream(const std::filesystem::path& path, std::vector<LaneOptions> lanes,
                       const DecodeLimits& limits, int gpu)
    : impl_(std::make_unique<Impl>(path, lanes, limits, gpu)) {}
ClipStream::~ClipStream() = default;
ClipStream::ClipStream(ClipStream&&) noexcept = default;
ClipStream& ClipStream::operator=(ClipStream&&) noexcept = default;

std::optional<Clip> ClipStream::next() { return impl_->next(); }
const DecodeSummary& ClipStream::summary() const noexcept { return impl_->summary(); }
std::string ClipStream::ffmpeg_filters(std::size_t lane) const { return impl_->ffmpeg_filters(lane); }

}  // namespace tvr
