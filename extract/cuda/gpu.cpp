#include "extract/gpu.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <utility>

#include "data/error.h"
#include "extract/cuda/check.h"
#include "extract/cuda/cuda_decoder.h"

namespace tvr {

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

void require_nvdec(int gpu) {
  require_gpu(gpu);
  // Without this library libav would say nothing, and decode everything on the CPU.
  void* const library = dlopen("libnvcuvid.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(Fault::Unsupported, "NVDEC", dlerror(),
                "It is a part of the driver; a container gets it by "
                "NVIDIA_DRIVER_CAPABILITIES=compute,utility,video. "
                "Or use a preset without -gpu");
  }
  dlclose(library);
  static_cast<void>(cuda_decoder(gpu));
}

void select_gpu(int gpu) { check(cudaSetDevice(gpu), "GPU " + std::to_string(gpu)); }

Clip to_host(Clip clip) {
  const auto* const on_gpu = std::get_if<GpuFrames>(&clip.pixels);
  if (on_gpu == nullptr) return clip;
  const std::size_t bytes =
      std::size_t{3} * static_cast<std::size_t>(clip.height) * static_cast<std::size_t>(clip.width);
  HostFrames rgb(bytes * on_gpu->size());
  for (std::size_t i = 0; i < on_gpu->size(); ++i) {
    const cudaError_t status =
        cudaMemcpy(rgb.data() + i * bytes, (*on_gpu)[i].get(), bytes, cudaMemcpyDeviceToHost);
    if (status != cudaSuccess) throw Error(Fault::Device, "a clip on the GPU", cudaGetErrorString(status));
  }
  clip.pixels = std::move(rgb);
  return clip;
}

}  // namespace tvr
