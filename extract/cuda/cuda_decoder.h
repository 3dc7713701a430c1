#pragma once

#include <memory>
#include <optional>
#include <string>

#include "extract/av_handle.h"
#include "extract/lane.h"
#include "extract/picture_converter.h"

namespace tvr {

/// Makes GPU number `gpu` the calling thread's. Its primary context, which LibTorch and libav share, waits by
/// sleeping: libav takes no other. Throws Error(Device) with CUDA's words.
void use_device(int gpu, const std::string& where);

/// A libav device for NVDEC on GPU number `gpu`, with a CUDA stream of its own, which the last owner of its
/// frames ends. Throws Error(Unsupported) with libav's words.
[[nodiscard]] BufferHandle cuda_decoder(int gpu);

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
