#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "extract/lane.h"
#include "extract/media/av_handle.h"

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
/// A picture's own.
[[nodiscard]] std::optional<DisplayMatrix> display_matrix(const AVFrame& frame);

/// How the ffmpeg program (5.1) turns a picture upright.
struct Rotation {
  std::string filters;       // "transpose=clock,", "hflip,vflip,", "" ...
  bool swaps_sides = false;  // by a quarter
};
[[nodiscard]] Rotation rotation_of(const std::optional<DisplayMatrix>& matrix);

/// Throws Error(Limit) when a picture shown at `shown` would be scaled to more than `max_pixels`.
void require_pixels(const std::string& name, PictureSize shown, PictureSize target, std::int64_t max_pixels);

/// Turns decoded pictures of one format, size and orientation into rgb24 of one lane.
class PictureConverter {
 public:
  virtual ~PictureConverter() = default;
  /// Whether `frame` can go through: the same format, size and display matrix.
  [[nodiscard]] virtual bool fits(const AVFrame& frame) const = 0;
  [[nodiscard]] virtual FrameHandle convert(const AVFrame& frame) = 0;
  [[nodiscard]] virtual PictureSize target() const noexcept = 0;
};

/// By libavfilter, or by a kernel for the presets -gpu. `frame` shows what will come; its own
/// display matrix wins over the stream's. `target` fixes the scaled size (a video that changes its size keeps
/// that of its first picture). Throws Error(Limit) when the scaled picture has more than `max_pixels`,
/// Error(Unsupported).
[[nodiscard]] std::unique_ptr<PictureConverter> make_picture_converter(
    const std::string& name, const AVFrame& frame, const AVStream& stream, const LaneOptions& lane,
    std::optional<PictureSize> target, std::int64_t max_pixels);

/// Whether the stream's display matrix turns or flips its pictures.
[[nodiscard]] bool is_turned(const AVStream& stream);

}  // namespace tvr
