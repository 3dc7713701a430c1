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

/// Normalization without std::array, whose member functions are host-only.
struct Channels {
  float scale, mean[3], std[3];
};

__device__ void store(float* out, float value) { *out = value; }
__device__ void store(__half* out, float value) { *out = __float2half_rn(value); }
__device__ void store(__nv_bfloat16* out, float value) { *out = __float2bfloat16_rn(value); }

__device__ float load(const float* at) { return *at; }
__device__ float load(const __half* at) { return __half2float(*at); }
__device__ float load(const __nv_bfloat16* at) { return __bfloat162float(*at); }

/// A vectorised load and store of one thread.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T values[N];
};

/// A pack must not cross a row of channels: N divides `channels`.
template <class T, int N>
__global__ void finish_packs(Pack<T, N>* values, const Pack<T, N>* bias, const Pack<T, N>* residual,
                             std::int64_t packs, int packs_a_row, bool relu) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= packs) return;
  Pack<T, N> value = values[i];
  const Pack<T, N> shift = bias[i % packs_a_row];
  Pack<T, N> beside;
  if (residual != nullptr) beside = residual[i];
#pragma unroll
  for (int k = 0; k < N; ++k) {
    float sum = load(&value.values[k]) + load(&shift.values[k]);
    if (residual != nullptr) sum += load(&beside.values[k]);
    store(&value.values[k], relu && sum < 0 ? 0.0F : sum);
  }
  values[i] = value;
}

template <class T, int N>
void finish_by_packs(void* values, const void* bias, const void* residual, std::int64_t count, int channels,
                     bool relu, cudaStream_t stream) {
  const std::int64_t packs = count / N;
  finish_packs<T, N><<<static_cast<unsigned>((packs + kBlock - 1) / kBlock), kBlock, 0, stream>>>(
      static_cast<Pack<T, N>*>(values), static_cast<const Pack<T, N>*>(bias),
      static_cast<const Pack<T, N>*>(residual), packs, channels / N, relu);
}

template <class T>
void finish(void* values, const void* bias, const void* residual, std::int64_t count, int channels, bool relu,
            cudaStream_t stream) {
  constexpr int kWide = 16 / sizeof(T);
  return channels % kWide == 0
             ? finish_by_packs<T, kWide>(values, bias, residual, count, channels, relu, stream)
             : finish_by_packs<T, 1>(values, bias, residual, count, channels, relu, stream);
}

template <class T, int N>
__global__ void pool_packs(PoolJob job, std::int64_t packs, const Pack<T, N>* in, Pack<T, N>* out) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= packs) return;
  const int packs_a_row = job.channels / N;
  std::int64_t rest = i / packs_a_row;
  const int pack = static_cast<int>(i % packs_a_row);
  int begin[3];
  for (int axis = 2; axis >= 0; --axis) {
    begin[axis] = static_cast<int>(rest % job.out[axis]) * job.stride[axis] - job.padding[axis];
    rest /= job.out[axis];
  }
  float most[N];
#pragma unroll
  for (int k = 0; k < N; ++k) most[k] = -INFINITY;
  for (int t = max(begin[0], 0); t < min(begin[0] + job.kernel[0], job.in[0]); ++t) {
    for (int y = max(begin[1], 0); y < min(begin[1] + job.kernel[1], job.in[1]); ++y) {
      for (int x = max(begin[2], 0); x < min(begin[2] + job.kernel[2], job.in[2]); ++x) {
        const Pack<T, N> value =
            in[(((rest * job.in[0] + t) * job.in[1] + y) * job.in[2] + x) * packs_a_row + pack];
#pragma unroll
        for (int k = 0; k < N; ++k) {
          const float seen = load(&value.values[k]);
          most[k] =
              seen > most[k] || seen != seen ? seen : most[k];  // NaN is kept, so that it is detected later
        }
      }
    }
  }
  Pack<T, N> largest;
#pragma unroll
  for (int k = 0; k < N; ++k) store(&largest.values[k], most[k]);
  out[i] = largest;
}

template <class T, int N>
void pool_by_packs(const PoolJob& job, int batch, const void* in, void* out, cudaStream_t stream) {
  const std::int64_t packs = std::int64_t{batch} * job.out[0] * job.out[1] * job.out[2] * job.channels / N;
  pool_packs<T, N><<<static_cast<unsigned>((packs + kBlock - 1) / kBlock), kBlock, 0, stream>>>(
      job, packs, static_cast<const Pack<T, N>*>(in), static_cast<Pack<T, N>*>(out));
}

template <class T>
void pool(const PoolJob& job, int batch, const void* in, void* out, cudaStream_t stream) {
  constexpr int kWide = 16 / sizeof(T);
  return job.channels % kWide == 0 ? pool_by_packs<T, kWide>(job, batch, in, out, stream)
                                   : pool_by_packs<T, 1>(job, batch, in, out, stream);
}

/// blockIdx.y is the frame.
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
void launch(const std::uint8_t* const* pictures, int count, unsigned values, const Normalization& how,
            void* out, cudaStream_t stream) {
  const Channels channels{
      how.scale, {how.mean[0], how.mean[1], how.mean[2]}, {how.std[0], how.std[1], how.std[2]}};
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

void normalize(const std::uint8_t* const* pictures, int count, int height, int width,
               const Normalization& how, ValueType type, void* out, cudaStream_t stream) {
  const auto values = 3U * static_cast<unsigned>(height) * static_cast<unsigned>(width);
  switch (type) {
    case ValueType::Fp32:
      return launch<float>(pictures, count, values, how, out, stream);
    case ValueType::Fp16:
      return launch<__half>(pictures, count, values, how, out, stream);
    case ValueType::Bf16:
      return launch<__nv_bfloat16>(pictures, count, values, how, out, stream);
  }
}

void finish_convolution(void* values, const void* bias, const void* residual, std::int64_t count,
                        int channels, bool relu, ValueType type, cudaStream_t stream) {
  switch (type) {
    case ValueType::Fp32:
      return finish<float>(values, bias, residual, count, channels, relu, stream);
    case ValueType::Fp16:
      return finish<__half>(values, bias, residual, count, channels, relu, stream);
    case ValueType::Bf16:
      return finish<__nv_bfloat16>(values, bias, residual, count, channels, relu, stream);
  }
}

void max_pool(const PoolJob& job, int batch, ValueType type, const void* in, void* out, cudaStream_t stream) {
  switch (type) {
    case ValueType::Fp32:
      return pool<float>(job, batch, in, out, stream);
    case ValueType::Fp16:
      return pool<__half>(job, batch, in, out, stream);
    case ValueType::Bf16:
      return pool<__nv_bfloat16>(job, batch, in, out, stream);
  }
}

}  // namespace tvr::gpu
