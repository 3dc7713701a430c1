#pragma once

#include <memory>
#include <optional>
#include <string>

#include "extract/av_handle.h"
#include "extract/lane.h"
#include "extract/picture_converter.h"

namespace tvr {

/// A libav device for NVDEC on GPU number `gpu`, in the primary context that LibTorch also uses, with a CUDA
/// stream of its own, which the last owner of its frames ends. Throws Error(Unsupported) with libav's words.
[[nodiscard]] BufferHandle cuda_decoder(int gpu);

/// Turns pictures that NVDEC left on the device (AV_PIX_FMT_CUDA) into dense rgb24 there, by one kernel.
/// The made pictures are AV_PIX_FMT_CUDA too, with data[0] on the device; each is complete when convert()
/// returns. Arguments and errors as make_picture_converter()'s. Turned videos are not for it.
[[nodiscard]] std::unique_ptr<PictureConverter> cuda_picture_converter(const std::string& name,
                                                                       const AVFrame& frame,
                                                                       const LaneOptions& lane,
                                                                       std::optional<PictureSize> target,
                                                                       std::int64_t max_pixels);

}  // namespace tvr
