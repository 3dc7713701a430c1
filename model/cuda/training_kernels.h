#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace tvr::gpu {

// What a training step computes between its matrix products, fused into one kernel each: a step is a chain of
// small kernels, and each costs at least about two microseconds. All matrices are dense fp32 on the device,
// of any size.

/// Max pooling of hidden [captions, length, dim] (without its bias [dim]) over a caption's words, then bias
/// and ReLU, which do not change which word is largest. Ties: the first word.
///   pooled [captions, dim];
///   best_word [captions, dim]: the word with the maximum; -1 where the ReLU is zero.
void pool(const float* hidden, const float* bias, std::int64_t captions, std::int64_t length,
          std::int64_t dim, float* pooled, std::int32_t* best_word, cudaStream_t stream);

/// Context gating: z = y * sigmoid(product + bias), and out = z / |z| per row, |z| being at least
/// `smallest_norm`.
///   product, y, sigmoid, out [rows, dim]; bias [dim]; norm [rows].
void gate(const float* product, const float* bias, const float* y, std::int64_t rows, std::int64_t dim,
          float smallest_norm, float* sigmoid, float* norm, float* out, cudaStream_t stream);

/// Its derivatives, given d_out [rows, dim]:
///   dz = (d_out - out <out, d_out>) / norm per row; d_out / norm where the norm was clamped (a constant);
///   d_product = dz * y * sigmoid * (1 - sigmoid).
void gate_backward(const float* d_out, const float* out, const float* sigmoid, const float* norm,
                   const float* y, std::int64_t rows, std::int64_t dim, float smallest_norm, float* dz,
                   float* d_product, cudaStream_t stream);

/// The max-margin loss (ranking_loss.h) of similarity [size, size], per row, and its derivatives. Sums are
/// computed in a fixed order.
///   weights [size, size], or a single one for all pairs; row_loss [size].
void max_margin(const float* similarity, float margin, const float* weights, bool single_weight,
                std::int64_t size, float* row_loss, float* d_similarity, cudaStream_t stream);

}  // namespace tvr::gpu
