#pragma once

extern "C" {
#include <libavutil/frame.h>
}

#include "extract/cuda/pixel.h"
#include "extract/cuda/resample.h"
#include "extract/media/picture_converter.h"

namespace tvr {

/// How frames of one size, pixel format and colour space become those of a lane; in host memory.
struct ScalePlan {
  ResampleFilter y_across, y_down, chroma_across, chroma_down;
  gpu::ScaleJob job;  // without channels and filters
};

/// Pixel formats that can be scaled this way: 4:2:0 from NVDEC (NV12, P010, P016) and from CPU decoders
/// (three planes of 8, 10 or 12 bits).
[[nodiscard]] bool can_scale(AVPixelFormat format) noexcept;

/// The plan for frames like `frame` (size, colour matrix, untagged: BT.601, and range), scaled to `target`
/// and cropped as the lane asks. Chroma is scaled as in libswscale: half-size planes with aligned centres; if
/// the target's width is even, two pixels share one chroma value.
[[nodiscard]] ScalePlan scale_plan(const AVFrame& frame, const LaneOptions& lane, PictureSize target);

/// The three channels of a frame in such a format; `pitches` are the planes' bytes per row.
void set_channels(gpu::ScaleJob& job, const std::uint8_t* const* planes, const int* pitches,
                  AVPixelFormat format);

}  // namespace tvr
