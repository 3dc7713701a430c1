#include "extract/gpu.h"

#include <utility>

#include "data/error.h"

#ifdef TVR_CUDA
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "extract/cuda/check.h"
#include "extract/cuda/cuda_decoder.h"
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
  if (status != cudaSuccess) return std::string("no GPU is usable: ") + cudaGetErrorString(status);
  return count > 0 ? "" : "there is no GPU";
}

void require_nvdec(int gpu) {
  require_gpu(gpu);
  // Without this library libav would silently decode everything on the CPU.
  void* const library = dlopen("libnvcuvid.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(Fault::Unsupported, "NVDEC", dlerror(),
                "It is part of the driver; in a container, set "
                "NVIDIA_DRIVER_CAPABILITIES=compute,utility,video. "
                "Or use a preset without -gpu");
  }
  dlclose(library);
  static_cast<void>(cuda_decoder(gpu));
}

void select_gpu(int gpu) { check(cudaSetDevice(gpu), "GPU " + std::to_string(gpu)); }

Clip to_host(Clip clip) {
  const std::size_t bytes =
      std::size_t{3} * static_cast<std::size_t>(clip.height) * static_cast<std::size_t>(clip.width);
  if (!clip.on_gpu()) return clip;
  clip.rgb.resize(bytes * clip.gpu_pictures.size());
  for (std::size_t i = 0; i < clip.gpu_pictures.size(); ++i) {
    const cudaError_t status =
        cudaMemcpy(clip.rgb.data() + i * bytes, clip.gpu_pictures[i].get(), bytes, cudaMemcpyDeviceToHost);
    if (status != cudaSuccess) throw Error(Fault::Device, "a clip on the GPU", cudaGetErrorString(status));
  }
  clip.gpu_pictures.clear();
  return clip;
}

#else

Clip to_host(Clip clip) { return clip; }

int gpu_count() noexcept { return 0; }

std::string missing_for_gpu() { return TVR_CUDA_MISSING; }

void require_nvdec(int gpu) { require_gpu(gpu); }

void select_gpu(int gpu) { require_gpu(gpu); }

#endif

void require_gpu(int gpu) {
  const int count = gpu_count();
  if (gpu < count) return;
  throw Error(Fault::Unsupported, "GPU " + std::to_string(gpu),
              count == 0 ? missing_for_gpu() : "the highest GPU number is " + std::to_string(count - 1),
              "Use --device cpu or auto, and a preset without -gpu; `pipeline doctor` shows details");
}

}  // namespace tvr
