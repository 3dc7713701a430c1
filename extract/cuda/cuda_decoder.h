#pragma once

#include <string>

#include "extract/media/av_handle.h"

namespace tvr {

/// Makes GPU number `gpu` current on the calling thread. Its primary context, shared by LibTorch and libav,
/// waits by sleeping (blocking sync): libav accepts no other. Throws Error(Device) with CUDA's message.
void use_device(int gpu, const std::string& where);

/// A libav device for NVDEC on GPU number `gpu`, with its own CUDA stream, which is destroyed with the last
/// owner of its frames. Throws Error(Unsupported) with libav's message.
[[nodiscard]] BufferHandle cuda_decoder(int gpu);

}  // namespace tvr
