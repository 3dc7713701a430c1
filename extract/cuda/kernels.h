#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "extract/cuda/pixel.h"
#include "extract/lane.h"

/// Launches of the room's kernels; all pointers are the device's. Errors are those of cudaGetLastError().
namespace tvr::gpu {

/// Makes the rgb24 picture of `job`, job.height x job.width, dense, at `rgb`.
void scale(const ScaleJob& job, std::uint8_t* rgb, cudaStream_t stream);

/// What a network's values are.
enum class ValueType { Fp32, Fp16, Bf16 };

/// Pictures as network input, channels last: out [count, height, width, 3], each value
/// (level * scale - mean) / std, of `type`.
///   pictures  [count] rgb24 pictures, dense; null: black before the normalisation, as the reference pads
///   clips
void normalize(const std::uint8_t* const* pictures, int count, int height, int width,
               const Normalization& how, ValueType type, void* out, cudaStream_t stream);

/// values = ReLU(values + bias + residual) in place, computed in fp32. values, residual: `count` of them,
/// channels last; residual may be null; bias [channels].
void finish_convolution(void* values, const void* bias, const void* residual, std::int64_t count,
                        int channels, bool relu, ValueType type, cudaStream_t stream);

/// Time, height, width; 2D: time is 1, with a kernel and stride of 1.
struct PoolJob {
  int in[3], out[3], kernel[3], stride[3], padding[3];
  int channels = 0;
};

/// The largest value under each window, [batch, out, channels] of [batch, in, channels].
void max_pool(const PoolJob& job, int batch, ValueType type, const void* in, void* out, cudaStream_t stream);

}  // namespace tvr::gpu
