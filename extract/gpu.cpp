#include "extract/gpu.h"

#ifdef TVR_CUDA
#include <cuda_runtime_api.h>
#endif

namespace tvr {

#ifdef TVR_CUDA

int gpu_count() noexcept {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

std::string missing_for_gpu() {
  int count = 0;  // left untouched on failure
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return std::string("no GPU can be used: ") + cudaGetErrorString(status);
  return count > 0 ? "" : "there is no GPU";
}

#else

int gpu_count() noexcept { return 0; }

std::string missing_for_gpu() { return TVR_CUDA_MISSING; }

#endif

}  // namespace tvr
