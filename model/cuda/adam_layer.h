#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace tvr::gpu {

/// A linear layer on the device and its Adam moments: each is a weight [outputs, inputs] followed by a bias
/// [outputs].
struct DeviceLayer {
  float *value, *mean, *variance;
  std::int64_t outputs, inputs;
};

/// One Adam step (adam_update.h) on a linear layer with its gradient in factored form (towers.h,
/// LinearGradient): d(weight) = dy^T x, d(bias) = the column sums of dy. Each tile of the gradient is summed
/// in registers, in fp32, and applied at once: it is never stored, and weights and moments are read and
/// written once.
///   dy [rows, outputs], x [rows, inputs]: dense, of any size;
///   rates: an AdamRates, read when the kernel runs, so that a CUDA graph can be replayed with other rates.
/// All arrays are on the device. Nothing else may read or write the layer meanwhile.
void adam_layer(const DeviceLayer& layer, const float* dy, const float* x, std::int64_t rows,
                const float* rates, cudaStream_t stream);

/// The same for the text pooling layer. Output d of caption n comes from a single word of the caption:
///   d(weight)[d] = the sum over n of d_pooled[n, d] words[n, best_word[n, d]],
///   d(bias)[d]   = the sum over n of d_pooled[n, d],
/// over the captions with best_word[n, d] >= 0; at -1 the ReLU is zero.
///   d_pooled, best_word [captions, outputs]; words [captions, length, inputs].
void adam_pooling(const DeviceLayer& layer, const float* d_pooled, const std::int32_t* best_word,
                  const float* words, std::int64_t captions, std::int64_t length, const float* rates,
                  cudaStream_t stream);

}  // namespace tvr::gpu
