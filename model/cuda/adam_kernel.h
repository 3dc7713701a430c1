#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace tvr::gpu {

/// One Adam step on `count` values in one pass over device memory. `rates`: device memory, an AdamRates, read
/// when the kernel runs, so that a CUDA graph can be replayed with other rates.
void adam(float* value, float* mean, float* variance, const float* gradient, std::int64_t count,
          const float* rates, cudaStream_t stream);

}  // namespace tvr::gpu
