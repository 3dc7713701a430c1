#pragma once

#include <memory>
#include <optional>
#include <string>

#include "extract/media/picture_converter.h"

namespace tvr {

/// Whether cuda_picture_converter() accepts frames of this format.
[[nodiscard]] bool can_convert_on_gpu(const AVFrame& frame);

/// Converts frames to dense rgb24 on the calling thread's GPU, with one kernel. Input: frames decoded by
/// NVDEC (AV_PIX_FMT_CUDA), or frames decoded on the CPU, which are uploaded. Output: AV_PIX_FMT_CUDA with
/// data[0] on the device, complete when convert() returns. Arguments and errors as
/// make_picture_converter()'s. Rotated videos are not supported.
[[nodiscard]] std::unique_ptr<PictureConverter> cuda_picture_converter(const std::string& name,
                                                                       const AVFrame& frame,
                                                                       const LaneOptions& lane,
                                                                       std::optional<PictureSize> target,
                                                                       std::int64_t max_pixels);

}  // namespace tvr
