#pragma once

extern "C" {
#include <libavutil/frame.h>
}

#include "extract/cuda/pixel.h"
#include "extract/cuda/resample.h"
#include "extract/media/picture_converter.h"

namespace tvr {

/// How pictures of one size, format and colour become those of a lane, in host memory.
struct ScalePlan {
  ResampleFilter y_across, y_down, chroma_across, chroma_down;
  gpu::ScaleJob job;  // all but the channels and the filters
};

/// Formats whose pictures can be scaled so: 4:2:0 as NVDEC gives it (NV12, P010, P016) and as decoders on the
/// processor do (three planes of 8, 10 or 12 bits).
[[nodiscard]] bool can_scale(AVPixelFormat format) noexcept;

/// The plan for `frame`, which gives size, colour matrix (untagged: BT.601) and range, scaled to `target` and
/// cropped as the lane wants. Colour is scaled as libswscale does it: planes of half the size, centres
/// aligned; one colour for two pixels where the target is of even width.
[[nodiscard]] ScalePlan scale_plan(const AVFrame& frame, const LaneOptions& lane, PictureSize target);

/// The three channels of a picture of such a format, whose planes lie at `planes`, `pitches` bytes a row.
void set_channels(gpu::ScaleJob& job, const std::uint8_t* const* planes, const int* pitches,
                  AVPixelFormat format);

}  // namespace tvr
