#pragma once

#include <string>

namespace tvr {

/// Why no GPU can be used, and what to do: this build has no CUDA, or the machine no device. Empty: one can.
[[nodiscard]] std::string missing_for_gpu();

/// GPUs that can be used; 0 when there is no CUDA in this build, no driver or no device.
[[nodiscard]] int gpu_count() noexcept;

}  // namespace tvr
