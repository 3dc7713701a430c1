#pragma once

#include <string>

#include "extract/media/av_handle.h"

namespace tvr {

/// Makes GPU number `gpu` the calling thread's. Its primary context, which LibTorch and libav share, waits by
/// sleeping: libav takes no other. Throws Error(Device) with CUDA's words.
void use_device(int gpu, const std::string& where);

/// A libav device for NVDEC on GPU number `gpu`, with a CUDA stream of its own, which the last owner of its
/// frames ends. Throws Error(Unsupported) with libav's words.
[[nodiscard]] BufferHandle cuda_decoder(int gpu);

}  // namespace tvr
