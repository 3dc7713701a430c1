#pragma once

#include <string>

#include "extract/clip.h"

namespace tvr {

/// Why no GPU can be used, and what to do: a build without CUDA, or a machine without a GPU. Empty if one can
/// be used.
[[nodiscard]] std::string missing_for_gpu();

/// Number of usable GPUs; 0 if the build has no CUDA or the machine has no driver or GPU.
[[nodiscard]] int gpu_count() noexcept;

/// Throws Error(Unsupported), saying what is missing, if networks cannot run on GPU number `gpu`.
void require_gpu(int gpu);

/// Throws Error(Unsupported), saying what is missing, if libav cannot use NVDEC on that GPU.
void require_nvdec(int gpu);

/// Makes GPU number `gpu` current on the calling thread. Call it before each use: work for another GPU on
/// this thread may have changed the current device without restoring it. Throws Error(Device) with CUDA's
/// message, Error(Unsupported) without CUDA.
void select_gpu(int gpu);

/// The clip with its frames in host memory; frames on a GPU are copied to the host. Throws Error(Device) with
/// CUDA's message.
[[nodiscard]] Clip to_host(Clip clip);

}  // namespace tvr
