#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "extract/lane.h"
#include "extract/media/av_handle.h"
#include "extract/media/clip_stream.h"
#include "extract/media/frame.h"
#include "extract/media/frame_rate.h"
#include "extract/media/picture_converter.h"

namespace tvr {

/// Frames of a video in, rgb24 frames of one lane out, pulled one at a time: sampled at the lane's rate,
/// rotated, scaled, cropped. Holds at most four frames, however long the video and its gaps.
class Sampler {
 public:
  /// `name`: of the file, for messages. `stream` must outlive this.
  Sampler(std::string name, const AVStream& stream, const LaneOptions& lane, const DecodeLimits& limits);

  /// Accepts the next frame of the video. REQUIRES: next() has returned null. Throws Error(Limit) if frames
  /// would be too large or too many, Error(Unsupported) if libav cannot convert them.
  void push(const Frame& frame);
  /// The video ends at `end_pts`; a video without a frame at this rate yields its first frame.
  void finish(std::int64_t end_pts);

  /// The next rgb24 frame, valid until the next call; null: push() more, or the end.
  [[nodiscard]] const AVFrame* next();

  /// The filters for the ffmpeg program: "fps=1,scale=298:224:flags=bicubic". Valid after the first push().
  [[nodiscard]] std::string ffmpeg_filters() const;

  /// No slot of the rate was filled, so the first frame was used instead.
  [[nodiscard]] bool first_frame_only() const noexcept { return first_frame_only_; }

 private:
  void configure(const AVFrame& frame);
  void fill(FrameRate::Slots slots, const FrameHandle& frame);
  void retire_current();
  [[nodiscard]] bool open_slot();

  std::string name_;
  const AVStream& stream_;
  LaneOptions lane_;
  DecodeLimits limits_;
  std::unique_ptr<PictureConverter> converter_;
  std::optional<FrameRate> rate_;
  ConstantRate output_;
  FrameHandle first_;     // until a frame has been returned
  FrameHandle held_;      // the newest frame; its last slot is not known yet
  FrameHandle previous_;  // the frame before current_
  FrameHandle current_;
  FrameRate::Slots slots_;       // still to be filled with current_
  ConstantRate::Copies copies_;  // still to be returned for the current slot
  std::int64_t pictures_ = 0;
  bool over_ = false;
  bool tail_given_ = false;
  bool first_frame_only_ = false;
};

}  // namespace tvr
