#pragma once

extern "C" {
#include <libavutil/frame.h>
}

#include "extract/cuda/pixel.h"
#include "extract/cuda/resample.h"
#include "extract/picture_converter.h"

namespace tvr {

/// How pictures of one size, format and colour become those of a lane, in host memory.
struct ScalePlan {
  ResampleFilter y_across, y_down, chroma_across, chroma_down;
  gpu::ScaleJob job;  // all but the channels and the filters
};

/// Formats whose pictures can be scaled so: NV12, P010, P016.
[[nodiscard]] bool can_scale(AVPixelFormat format) noexcept;

/// The plan for `frame`, which gives size, colour matrix (untagged: BT.601) and range, scaled to `target` and
/// cropped as the lane wants. Colour is scaled as libswscale does it: planes of half the size, centres
/// aligned; one colour for two pixels where the target is of even width.
[[nodiscard]] ScalePlan scale_plan(const AVFrame& frame, const LaneOptions& lane, PictureSize target);

/// The three channels of a picture of such a format.
void set_channels(gpu::ScaleJob& job, const AVFrame& frame, AVPixelFormat format);

}  // namespace tvr
