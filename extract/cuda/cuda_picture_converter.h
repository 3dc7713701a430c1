#pragma once

#include <memory>
#include <optional>
#include <string>

#include "extract/media/picture_converter.h"

namespace tvr {

/// Whether cuda_picture_converter() takes pictures of this format.
[[nodiscard]] bool can_convert_on_gpu(const AVFrame& frame);

/// Turns pictures into dense rgb24 on the calling thread's GPU, by one kernel: those that NVDEC left there
/// (AV_PIX_FMT_CUDA), and those of decoders on the processor, which are brought over. The made pictures are
/// AV_PIX_FMT_CUDA, with data[0] on the device; each is complete when convert() returns. Arguments and errors
/// as make_picture_converter()'s. Turned videos are not for it.
[[nodiscard]] std::unique_ptr<PictureConverter> cuda_picture_converter(const std::string& name,
                                                                       const AVFrame& frame,
                                                                       const LaneOptions& lane,
                                                                       std::optional<PictureSize> target,
                                                                       std::int64_t max_pixels);

}  // namespace tvr
