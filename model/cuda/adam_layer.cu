#include "model/cuda/adam_layer.h"
#include "model/cuda/adam_update.h"

namespace tvr::gpu {
namespace {

constexpr int kWarp = 32, kWarps = 8, kThreads = kWarp * kWarps;
constexpr int kEach = 8;                                   // weights a thread: consecutive outputs of one input
constexpr int kOutputs = kEach * kWarps, kInputs = kWarp;  // a block's tile; a warp reads and writes rows of it
constexpr int kChunk = 32;                                 // rows of dy and x that are in shared memory at once
constexpr int kBlocks = 3;  // a multiprocessor: while one waits for memory another one computes

/// The chunk of values [rows, cols] that begins in row `top` and column `left`; zero beyond the edges.
template <int kCols>
__device__ void load(float (&chunk)[kChunk][kCols], const float* values, std::int64_t rows, std::int64_t cols,
                     std::int64_t top, std::int64_t left) {
  const int first = threadIdx.x / kCols, d = threadIdx.x % kCols;
  const std::int64_t within = left + d < cols ? rows - top : 0;  // so many rows exist, or all of the chunk
  const float* from = values + (top + first) * cols + left + d;
#pragma unroll
  for (int n = 0; n < kChunk; n += kThreads / kCols) {
    chunk[first + n][d] = first + n < within ? *from : 0.0F;
    from += kThreads / kCols * cols;
  }
}

__global__ void __launch_bounds__(kThreads, kBlocks)
    adam_tile(float* __restrict__ value, float* __restrict__ mean, float* __restrict__ variance,
              const float* __restrict__ dy, const float* __restrict__ x, std::int64_t rows, std::int64_t outputs,
              std::int64_t inputs, const float* __restrict__ rates_at) {
  __shared__ float dy_chunk[kChunk][kOutputs], x_chunk[kChunk][kInputs];
  const AdamRates rates{rates_at[0], rates_at[1]};
  const std::int64_t top = std::int64_t{blockIdx.y} * kOutputs, left = std::int64_t{blockIdx.x} * kInputs;
  const int lane = threadIdx.x % kWarp, row = threadIdx.x / kWarp * kEach;  // of the thread's first weight, in the tile
  const std::int64_t at = (top + row) * inputs + left + lane;
  const std::int64_t mine = left + lane < inputs ? outputs - top - row : 0;  // so many of its weights exist, or all

  float gradient[kEach] = {};
  const bool has_bias = left == 0 && threadIdx.x < kOutputs && top + threadIdx.x < outputs;
  float bias_gradient = 0;
  for (std::int64_t first = 0; first < rows; first += kChunk) {
    load(dy_chunk, dy, rows, outputs, first, top);
    load(x_chunk, x, rows, inputs, first, left);
    __syncthreads();
#pragma unroll
    for (int n = 0; n < kChunk; ++n) {
#pragma unroll
      for (int r = 0; r < kEach; ++r) gradient[r] += dy_chunk[n][row + r] * x_chunk[n][lane];
    }
    if (has_bias) {
      for (int n = 0; n < kChunk; ++n) bias_gradient += dy_chunk[n][threadIdx.x];
    }
    __syncthreads();  // the next chunk overwrites this one
  }

  float p[kEach], m[kEach], v[kEach];  // all asked for before the first is waited for
#pragma unroll
  for (int r = 0; r < kEach; ++r) {
    p[r] = r < mine ? value[at + r * inputs] : 0.0F;
    m[r] = r < mine ? mean[at + r * inputs] : 0.0F;
    v[r] = r < mine ? variance[at + r * inputs] : 0.0F;
  }
#pragma unroll
  for (int r = 0; r < kEach; ++r) {
    adam_update(p[r], m[r], v[r], gradient[r], rates);
    if (r < mine) {
      value[at + r * inputs] = p[r];
      mean[at + r * inputs] = m[r];
      variance[at + r * inputs] = v[r];
    }
  }
  if (has_bias) {
    const std::int64_t place = outputs * inputs + top + threadIdx.x;
    adam_update(value[place], mean[place], variance[place], bias_gradient, rates);
  }
}

unsigned tiles(std::int64_t size, int tile) { return static_cast<unsigned>((size + tile - 1) / tile); }

}  // namespace

void adam_layer(float* value, float* mean, float* variance, const float* dy, const float* x, std::int64_t rows,
                std::int64_t outputs, std::int64_t inputs, const float* rates, cudaStream_t stream) {
  adam_tile<<<dim3(tiles(inputs, kInputs), tiles(outputs, kOutputs)), kThreads, 0, stream>>>(
      value, mean, variance, dy, x, rows, outputs, inputs, rates);
}

}  // namespace tvr::gpu
