#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "extract/cuda/kernels.h"

namespace tvr::gpu {
namespace {

constexpr unsigned kBlock = 256;

__global__ void scale_pixels(ScaleJob job, std::uint8_t* rgb) {
  const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
  if (x >= job.width || y >= job.height) return;
  scale_pixel(job, x, y, rgb + 3 * (static_cast<std::int64_t>(y) * job.width + x));
}

/// Normalization without std::array, whose members are the host's.
struct Channels {
  float scale, mean[3], std[3];
};

__device__ void store(float* out, float value) { *out = value; }
__device__ void store(__half* out, float value) { *out = __float2half_rn(value); }
__device__ void store(__nv_bfloat16* out, float value) { *out = __float2bfloat16_rn(value); }

/// Pictures along the grid's y.
template <class T>
__global__ void normalize_values(const std::uint8_t* const* pictures, unsigned values, Channels how, T* out) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= values) return;
  const std::uint8_t* const picture = pictures[blockIdx.y];
  const unsigned channel = i % 3;
  const float level = picture == nullptr ? 0.0F : static_cast<float>(picture[i]);
  store(out + static_cast<std::int64_t>(blockIdx.y) * values + i,
        (level * how.scale - how.mean[channel]) / how.std[channel]);
}

template <class T>
void launch(const std::uint8_t* const* pictures, int count, unsigned values, const Normalization& how, void* out,
            cudaStream_t stream) {
  const Channels channels{how.scale, {how.mean[0], how.mean[1], how.mean[2]}, {how.std[0], how.std[1], how.std[2]}};
  const dim3 grid((values + kBlock - 1) / kBlock, static_cast<unsigned>(count));
  normalize_values<<<grid, kBlock, 0, stream>>>(pictures, values, channels, static_cast<T*>(out));
}

}  // namespace

void scale(const ScaleJob& job, std::uint8_t* rgb, cudaStream_t stream) {
  const dim3 block(32, 8);
  const dim3 grid((static_cast<unsigned>(job.width) + block.x - 1) / block.x,
                  (static_cast<unsigned>(job.height) + block.y - 1) / block.y);
  scale_pixels<<<grid, block, 0, stream>>>(job, rgb);
}

void normalize(const std::uint8_t* const* pictures, int count, int height, int width, const Normalization& how,
               InputType type, void* out, cudaStream_t stream) {
  const auto values = 3U * static_cast<unsigned>(height) * static_cast<unsigned>(width);
  switch (type) {
    case InputType::Fp32:
      return launch<float>(pictures, count, values, how, out, stream);
    case InputType::Fp16:
      return launch<__half>(pictures, count, values, how, out, stream);
    case InputType::Bf16:
      return launch<__nv_bfloat16>(pictures, count, values, how, out, stream);
  }
}

}  // namespace tvr::gpu
