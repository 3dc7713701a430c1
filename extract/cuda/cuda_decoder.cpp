#include "extract/cuda/cuda_decoder.h"

#include <cuda_runtime_api.h>

#include <cstdint>

extern "C" {
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_cuda.h>
}

#include "data/error.h"
#include "extract/cuda/check.h"

namespace tvr {
void use_device(int gpu, const std::string& where) {
#if CUDART_VERSION >= 12000  // since CUDA 12 cudaSetDevice() creates the context
  check(cudaInitDevice(gpu, cudaDeviceScheduleBlockingSync, cudaInitDeviceFlagsAreValid), where);
#endif
  check(cudaSetDevice(gpu), where);
  check(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync), where);
  // Memory returned to the pool stays there: thousands of frames are allocated and freed.
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, gpu), where);
  std::uint64_t all = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all), where);
}

BufferHandle cuda_decoder(int gpu) {
  const std::string where = "NVDEC on GPU " + std::to_string(gpu);
  use_device(gpu, where);
  BufferHandle device;
  AVBufferRef* made = nullptr;
  const int status = av_hwdevice_ctx_create(&made, AV_HWDEVICE_TYPE_CUDA, std::to_string(gpu).c_str(),
                                            nullptr, AV_CUDA_USE_PRIMARY_CONTEXT);
  if (status < 0) {
    throw Error(Fault::Unsupported, where, "libav cannot open it: " + av_words(status),
                "Check nvidia-smi, and that the driver's libnvcuvid.so.1 is installed; or use a preset "
                "without -gpu");
  }
  device.reset(made);
  auto* const context = reinterpret_cast<AVHWDeviceContext*>(made->data);
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), where);
  static_cast<AVCUDADeviceContext*>(context->hwctx)->stream = stream;
  context->user_opaque = stream;
  // libav does not take ownership of a stream passed to it: it is destroyed with the device.
  context->free = [](AVHWDeviceContext* ended) {
    cudaStreamDestroy(static_cast<cudaStream_t>(ended->user_opaque));
  };
  return device;
}

}  // namespace tvr
