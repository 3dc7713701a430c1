#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "extract/lane.h"
#include "extract/media/av_handle.h"
#include "extract/media/picture.h"
#include "extract/media/resize/pillow_resize.h"

namespace tvr {

/// The size to which a lane scales a video displayed at `shown`, before cropping: Squash, or the short side
/// becomes short_side_px and the long side is truncated to an integer. Formula of
/// antoine77340/video_feature_extractor, video_loader.py; of torchvision's transforms.Resize(int),
/// _compute_resized_image_output_size; of Hugging Face's get_resize_output_image_size.
[[nodiscard]] PictureSize scaled_size(PictureSize shown, const LaneOptions& lane);

/// The part of a frame scaled to `scaled` that a lane keeps: its centre, or all of it. Where an odd number of
/// rows or columns is cut off, more is cut off at the end with the presets of ffmpeg. With those of Pillow as
/// torchvision's CenterCrop rounds, half to even: of 3 more at the beginning, of 1 more at the end. Hugging
/// Face's CLIPImageProcessor always has more at the end: for a difference of 3, 7, 11 ... it takes the centre
/// one pixel before this one; CLIPImageProcessorFast is torchvision's.
[[nodiscard]] PictureWindow crop_window(PictureSize scaled, const LaneOptions& lane);

/// The filters that scale to `target` and crop: "scale=149:112:flags=bicubic,crop=112:112:18:0". With a
/// Pillow preset, which resizes afterwards, those that convert to rgb24: "scale=flags=bicubic".
[[nodiscard]] std::string scale_filters(const LaneOptions& lane, PictureSize target);

/// How a lane with a Pillow preset resizes rgb24 of size `from` to `target`, and which part of it.
[[nodiscard]] PillowResize pillow_resize(PictureSize from, PictureSize target, const LaneOptions& lane);

using DisplayMatrix = std::array<std::int32_t, 9>;
/// The display matrix of the frame itself, of the stream.
[[nodiscard]] std::optional<DisplayMatrix> display_matrix(const AVFrame& frame);
[[nodiscard]] std::optional<DisplayMatrix> display_matrix(const AVStream& stream);

/// The filters with which the ffmpeg program (5.1) rotates a frame upright.
struct Rotation {
  std::string filters;       // "transpose=clock,", "hflip,vflip,", "" ...
  bool swaps_sides = false;  // rotated by 90 or 270 degrees
};
[[nodiscard]] Rotation rotation_of(const std::optional<DisplayMatrix>& matrix);

/// The rotation of a frame: its own display matrix takes precedence over the stream's.
[[nodiscard]] Rotation rotation_of(const AVFrame& frame, const AVStream& stream);

/// Throws Error(Limit) if a frame displayed at `shown` would be scaled to more than `max_pixels`. `what`:
/// "video" or "picture", of which the error speaks.
void require_pixels(const std::string& name, PictureSize shown, PictureSize target, std::int64_t max_pixels,
                    const std::string& what = "video");

/// Converts decoded frames of one pixel format, size and orientation to rgb24 of one lane.
class PictureConverter {
 public:
  virtual ~PictureConverter() = default;
  /// Whether this converter accepts `frame`: same pixel format, size and display matrix.
  [[nodiscard]] virtual bool fits(const AVFrame& frame) const = 0;
  [[nodiscard]] virtual FrameHandle convert(const AVFrame& frame) = 0;
  [[nodiscard]] virtual PictureSize target() const noexcept = 0;
};

/// Uses libavfilter, with the Pillow presets PillowResize behind it, or a CUDA kernel for the -gpu presets.
/// `frame` is an example of the input. `target` fixes the scaled size (a video that changes its size keeps
/// that of its first frame). Throws Error(Limit) if the scaled frame has more than `max_pixels`,
/// Error(Unsupported).
[[nodiscard]] std::unique_ptr<PictureConverter> make_picture_converter(
    const std::string& name, const AVFrame& frame, const AVStream& stream, const LaneOptions& lane,
    std::optional<PictureSize> target, std::int64_t max_pixels);

/// Whether the stream's display matrix rotates or flips its frames.
[[nodiscard]] bool is_turned(const AVStream& stream);

}  // namespace tvr
