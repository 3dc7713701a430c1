#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "extract/cuda/pixel.h"
#include "extract/lane.h"

/// Kernel launches; all pointers are device pointers. Errors are reported by cudaGetLastError().
namespace tvr::gpu {

/// Writes the rgb24 frame of `job`, job.height x job.width, dense, to `rgb`.
void scale(const ScaleJob& job, std::uint8_t* rgb, cudaStream_t stream);

/// Type of a network's values.
enum class ValueType { Fp32, Fp16, Bf16 };

/// Frames to network input, channels last: out [count, height, width, 3] of `type`, each value (level * scale
/// - mean) / std.
///   pictures  [count] dense rgb24 frames; null: black before the normalisation, as the reference pads clips
void normalize(const std::uint8_t* const* pictures, int count, int height, int width,
               const Normalization& how, ValueType type, void* out, cudaStream_t stream);

/// values = ReLU(values + bias + residual) in place, computed in fp32. values, residual: `count` elements,
/// channels last; residual may be null; bias [channels].
void finish_convolution(void* values, const void* bias, const void* residual, std::int64_t count,
                        int channels, bool relu, ValueType type, cudaStream_t stream);

/// Sizes as time, height, width; in 2D, time has size, kernel and stride 1.
struct PoolJob {
  int in[3], out[3], kernel[3], stride[3], padding[3];
  int channels = 0;
};

/// Max pooling: [batch, out, channels] from [batch, in, channels].
void max_pool(const PoolJob& job, int batch, ValueType type, const void* in, void* out, cudaStream_t stream);

}  // namespace tvr::gpu
