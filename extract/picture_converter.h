#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "extract/av_handle.h"
#include "extract/lane.h"

namespace tvr {

/// Height and width in pixels.
struct PictureSize {
  int height = 0;
  int width = 0;
};

/// The size to which a lane scales a video that is displayed at `shown` (before its crop): the short side
/// becomes short_side_px, the long side is truncated. Formula of antoine77340/video_feature_extractor,
/// video_loader.py.
[[nodiscard]] PictureSize scaled_size(PictureSize shown, const LaneOptions& lane);

/// The filters that scale to `target` and crop: "scale=149:112:flags=bicubic,crop=112:112:18:0".
[[nodiscard]] std::string scale_filters(const LaneOptions& lane, PictureSize target);

using DisplayMatrix = std::array<std::int32_t, 9>;

/// How the ffmpeg program (5.1) turns a picture upright.
struct Rotation {
  std::string filters;       // "transpose=clock,", "hflip,vflip,", "" ...
  bool swaps_sides = false;  // by a quarter
};
[[nodiscard]] Rotation rotation_of(const std::optional<DisplayMatrix>& matrix);

/// Turns decoded pictures of one format, size and orientation into rgb24 of one lane, by libavfilter.
class PictureConverter {
 public:
  /// `frame` shows what will come; its own display matrix wins over the stream's. `target` fixes the scaled
  /// size (a video that changes its size keeps that of its first picture). Throws Error(Limit) when the
  /// scaled picture has more than `max_pixels`, Error(Unsupported).
  PictureConverter(const std::string& name, const AVFrame& frame, const AVStream& stream,
                   const LaneOptions& lane, std::optional<PictureSize> target, std::int64_t max_pixels);

  /// Whether `frame` can go through: the same format, size and display matrix.
  [[nodiscard]] bool fits(const AVFrame& frame) const;
  [[nodiscard]] FrameHandle convert(const AVFrame& frame);
  [[nodiscard]] PictureSize target() const noexcept { return target_; }

 private:
  void build(const AVFrame& frame, const AVStream& stream, const std::string& filters);
  [[noreturn]] void fail(int status) const;

  std::string name_;
  int format_;
  PictureSize size_;
  std::optional<DisplayMatrix> matrix_;
  PictureSize target_;
  GraphHandle graph_;
  AVFilterContext* source_ = nullptr;
  AVFilterContext* sink_ = nullptr;
};

}  // namespace tvr
