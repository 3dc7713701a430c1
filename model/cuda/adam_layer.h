#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace tvr::gpu {

/// One Adam step (adam_update.h) of a linear layer by its gradient in factored form (towers.h,
/// LinearGradient): d(weight) = dy^T x, d(bias) = the column sums of dy. A tile of the gradient is summed in
/// registers, in fp32, and applied at once: it is never in memory, and weights and moments are read and
/// written once.
///   value, mean, variance: weight [outputs, inputs], then bias [outputs];
///   dy [rows, outputs], x [rows, inputs]: dense, of any size;
///   rates: an AdamRates, read when the kernel runs, so that a CUDA graph can be replayed with other rates.
/// All of it lies on the device. Nobody else may read or write the layer meanwhile.
void adam_layer(float* value, float* mean, float* variance, const float* dy, const float* x,
                std::int64_t rows, std::int64_t outputs, std::int64_t inputs, const float* rates,
                cudaStream_t stream);

}  // namespace tvr::gpu
