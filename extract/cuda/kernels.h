#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "extract/cuda/pixel.h"
#include "extract/lane.h"

/// Launches of the room's kernels; all pointers are the device's. Errors are those of cudaGetLastError().
namespace tvr::gpu {

/// Makes the rgb24 picture of `job`, job.height x job.width, dense, at `rgb`.
void scale(const ScaleJob& job, std::uint8_t* rgb, cudaStream_t stream);

/// What the network's input is made of.
enum class InputType { Fp32, Fp16, Bf16 };

/// Pictures as network input, channels last: out [count, height, width, 3], each value
/// (level * scale - mean) / std, of `type`.
///   pictures  [count] rgb24 pictures, dense; null: black before the normalisation, as the reference pads
///   clips
void normalize(const std::uint8_t* const* pictures, int count, int height, int width,
               const Normalization& how, InputType type, void* out, cudaStream_t stream);

}  // namespace tvr::gpu
