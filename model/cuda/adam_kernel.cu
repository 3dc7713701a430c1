#include "model/cuda/adam_kernel.h"
#include "model/cuda/adam_update.h"

namespace tvr::gpu {
namespace {

__global__ void adam_values(float4* value, float4* mean, float4* variance, const float4* gradient, std::int64_t fours,
                            const float* rates_at) {
  const AdamRates rates{rates_at[0], rates_at[1]};
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < fours; i += stride) {
    float4 p = value[i], m = mean[i], v = variance[i];
    const float4 g = gradient[i];
    adam_update(p.x, m.x, v.x, g.x, rates);
    adam_update(p.y, m.y, v.y, g.y, rates);
    adam_update(p.z, m.z, v.z, g.z, rates);
    adam_update(p.w, m.w, v.w, g.w, rates);
    value[i] = p;
    mean[i] = m;
    variance[i] = v;
  }
}

}  // namespace

void adam(float* value, float* mean, float* variance, const float* gradient, std::int64_t count, const float* rates,
          cudaStream_t stream) {
  constexpr int kBlock = 256;
  const std::int64_t fours = count / 4;  // the arena is padded to whole fours
  const std::int64_t blocks = (fours + kBlock - 1) / kBlock;
  adam_values<<<static_cast<unsigned>(blocks < 65536 ? blocks : 65536), kBlock, 0, stream>>>(
      reinterpret_cast<float4*>(value), reinterpret_cast<float4*>(mean), reinterpret_cast<float4*>(variance),
      reinterpret_cast<const float4*>(gradient), fours, rates);
}

}  // namespace tvr::gpu
