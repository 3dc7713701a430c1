#include "model/cuda/adam_layer.h"

#include <cuda_pipeline.h>

#include "model/cuda/adam_update.h"

namespace tvr::gpu {
namespace {

constexpr int kWarp = 32, kWarps = 8, kThreads = kWarp * kWarps;
constexpr int kEach = 8;                                   // weights a thread: consecutive outputs of one input
constexpr int kOutputs = kEach * kWarps, kInputs = kWarp;  // a block's tile; a warp reads and writes rows of it
constexpr int kChunk = 32;                                 // rows of dy and x that are in shared memory at once
constexpr int kBlocks = 3;  // a multiprocessor: while one waits for memory another one computes

__device__ int lane() { return threadIdx.x % kWarp; }                  // a thread's input, in the tile
__device__ int first_output() { return threadIdx.x / kWarp * kEach; }  // and the first of its outputs

/// So many of `most` there are, when `left` (0 or less: none) are left.
__device__ int within(std::int64_t left, int most) {
  return left < 0 ? 0 : left < most ? static_cast<int>(left) : most;
}

/// Begins to copy the chunk of values [rows, cols] from row `top` and column `left` on; zero beyond the edges.
template <int kCols>
__device__ void copy_async(float (&chunk)[kChunk][kCols], const float* values, std::int64_t rows, std::int64_t cols,
                           std::int64_t top, std::int64_t left) {
  const int first = threadIdx.x / kCols, d = threadIdx.x % kCols;
  const int here = left + d < cols ? within(rows - top, kChunk) : 0;
  const float* from = values + (top + first) * cols + left + d;
#pragma unroll
  for (int n = 0; n < kChunk; n += kThreads / kCols) {
    __pipeline_memcpy_async(&chunk[first + n][d], from, sizeof(float), first + n < here ? 0 : sizeof(float));
    from += kThreads / kCols * cols;
  }
}

/// A thread's weights of a block's tile, with their moments: asked for when this is made, so that they are on their
/// way while the gradient is computed.
class TileWeights {
 public:
  __device__ TileWeights(const DeviceLayer& layer, std::int64_t top, std::int64_t left)
      : at_((top + first_output()) * layer.inputs + left + lane()),
        mine_(left + lane() < layer.inputs ? within(layer.outputs - top - first_output(), kEach) : 0) {
#pragma unroll
    for (int r = 0; r < kEach; ++r) {
      const std::int64_t place = at_ + r * layer.inputs;
      value_[r] = r < mine_ ? layer.value[place] : 0.0F;
      mean_[r] = r < mine_ ? layer.mean[place] : 0.0F;
      variance_[r] = r < mine_ ? layer.variance[place] : 0.0F;
    }
  }

  __device__ void step(const DeviceLayer& layer, const float (&gradient)[kEach], AdamRates rates) {
#pragma unroll
    for (int r = 0; r < kEach; ++r) {
      adam_update(value_[r], mean_[r], variance_[r], gradient[r], rates);
      if (r >= mine_) continue;
      const std::int64_t place = at_ + r * layer.inputs;
      layer.value[place] = value_[r];
      layer.mean[place] = mean_[r];
      layer.variance[place] = variance_[r];
    }
  }

 private:
  std::int64_t at_;  // of the first
  int mine_;         // so many of them exist
  float value_[kEach], mean_[kEach], variance_[kEach];
};

/// Adam's step on the bias of one output, whose gradient a thread has.
__device__ void step_bias(const DeviceLayer& layer, std::int64_t output, float gradient, AdamRates rates) {
  const std::int64_t place = layer.outputs * layer.inputs + output;
  adam_update(layer.value[place], layer.mean[place], layer.variance[place], gradient, rates);
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    adam_tile(DeviceLayer layer, const float* __restrict__ dy, const float* __restrict__ x, std::int64_t rows,
              const float* __restrict__ rates_at) {
  alignas(16) __shared__ float dy_chunk[kChunk][kOutputs];  // so that a thread's outputs are read four at once
  __shared__ float x_chunk[kChunk][kInputs];
  const std::int64_t top = std::int64_t{blockIdx.y} * kOutputs, left = std::int64_t{blockIdx.x} * kInputs;
  const auto copy_rows = [&](std::int64_t first) {
    copy_async(dy_chunk, dy, rows, layer.outputs, first, top);
    copy_async(x_chunk, x, rows, layer.inputs, first, left);
    __pipeline_commit();
  };
  copy_rows(0);  // before the weights, which are needed only after the gradient
  TileWeights weights(layer, top, left);
  const AdamRates rates{rates_at[0], rates_at[1]};

  float gradient[kEach] = {};
  const bool has_bias = left == 0 && threadIdx.x < kOutputs && top + threadIdx.x < layer.outputs;
  float bias_gradient = 0;
  for (std::int64_t first = 0; first < rows; first += kChunk) {
    if (first > 0) copy_rows(first);
    __pipeline_wait_prior(0);
    __syncthreads();
#pragma unroll
    for (int n = 0; n < kChunk; ++n) {
#pragma unroll
      for (int r = 0; r < kEach; ++r) gradient[r] += dy_chunk[n][first_output() + r] * x_chunk[n][lane()];
    }
    if (has_bias) {
      for (int n = 0; n < kChunk; ++n) bias_gradient += dy_chunk[n][threadIdx.x];
    }
    __syncthreads();  // the next chunk overwrites this one
  }

  weights.step(layer, gradient, rates);
  if (has_bias) step_bias(layer, top + threadIdx.x, bias_gradient, rates);
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    pooling_tile(DeviceLayer layer, const float* __restrict__ d_pooled, const std::int32_t* __restrict__ best_word,
                 const float* __restrict__ words, std::int64_t captions, std::int64_t length,
                 const float* __restrict__ rates_at) {
  alignas(16) __shared__ float d_chunk[kChunk][kOutputs];
  alignas(16) __shared__ std::int32_t best_chunk[kChunk][kOutputs];
  // Blocks beside each other have the same inputs, of which they find all words in the multiprocessor's cache.
  const std::int64_t top = std::int64_t{blockIdx.x} * kOutputs, left = std::int64_t{blockIdx.y} * kInputs;
  TileWeights weights(layer, top, left);
  const AdamRates rates{rates_at[0], rates_at[1]};

  float gradient[kEach] = {};
  const int first_row = threadIdx.x / kOutputs, column = threadIdx.x % kOutputs;  // of what it puts in shared memory
  const bool has_column = top + column < layer.outputs, has_bias = left == 0 && first_row == 0 && has_column;
  float bias_gradient = 0;
  const float* caption = words + (left + lane() < layer.inputs ? left + lane() : 0);  // beyond the edge: any, unused
  for (std::int64_t first = 0; first < captions; first += kChunk) {
    const int here = within(captions - first, kChunk);
#pragma unroll
    for (int rows = 0; rows < kChunk; rows += kThreads / kOutputs) {
      const int n = rows + first_row;
      const std::int64_t from = (first + n) * layer.outputs + top + column;
      const std::int32_t best = has_column && n < here ? best_word[from] : -1;
      const float d = has_column && n < here ? d_pooled[from] : 0.0F;
      best_chunk[n][column] = best < 0 ? 0 : best;  // where there is none: any, times zero
      d_chunk[n][column] = best < 0 ? 0.0F : d;
    }
    __syncthreads();
#pragma unroll 1
    for (int n = 0; n < here; ++n) {
      float word[kEach];  // all asked for before the first is waited for
#pragma unroll
      for (int r = 0; r < kEach; ++r) word[r] = caption[best_chunk[n][first_output() + r] * layer.inputs];
#pragma unroll
      for (int r = 0; r < kEach; ++r) gradient[r] += d_chunk[n][first_output() + r] * word[r];
      if (has_bias) bias_gradient += d_chunk[n][column];
      caption += length * layer.inputs;
    }
    __syncthreads();  // the next chunk overwrites this one
  }

  weights.step(layer, gradient, rates);
  if (has_bias) step_bias(layer, top + column, bias_gradient, rates);
}

unsigned tiles(std::int64_t size, int tile) { return static_cast<unsigned>((size + tile - 1) / tile); }

}  // namespace

void adam_layer(const DeviceLayer& layer, const float* dy, const float* x, std::int64_t rows, const float* rates,
                cudaStream_t stream) {
  const dim3 grid(tiles(layer.inputs, kInputs), tiles(layer.outputs, kOutputs));
  adam_tile<<<grid, kThreads, 0, stream>>>(layer, dy, x, rows, rates);
}

void adam_pooling(const DeviceLayer& layer, const float* d_pooled, const std::int32_t* best_word, const float* words,
                  std::int64_t captions, std::int64_t length, const float* rates, cudaStream_t stream) {
  const dim3 grid(tiles(layer.outputs, kOutputs), tiles(layer.inputs, kInputs));
  pooling_tile<<<grid, kThreads, 0, stream>>>(layer, d_pooled, best_word, words, captions, length, rates);
}

}  // namespace tvr::gpu
