#pragma once

#include <string>

#include "extract/clip.h"

namespace tvr {

/// Why no GPU can be used, and what to do: this build has no CUDA, or the machine no device. Empty: one can.
[[nodiscard]] std::string missing_for_gpu();

/// GPUs that can be used; 0 when there is no CUDA in this build, no driver or no device.
[[nodiscard]] int gpu_count() noexcept;

/// Throws Error(Unsupported), saying what is missing, where networks cannot run on GPU number `gpu`.
void require_gpu(int gpu);

/// Throws Error(Unsupported), saying what is missing, where NVDEC of that GPU cannot be used by libav.
void require_nvdec(int gpu);

/// Makes GPU number `gpu` the calling thread's: work for another one may have come between, and need not have
/// put this one back. Throws Error(Device) with CUDA's words, Error(Unsupported) without CUDA.
void select_gpu(int gpu);

/// The clip with its pictures in host memory; those of a GPU are copied over. Throws Error(Device) with
/// CUDA's words.
[[nodiscard]] Clip to_host(Clip clip);

}  // namespace tvr
