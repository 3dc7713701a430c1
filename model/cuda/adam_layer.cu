#include <cuda_pipeline.h>

#include <cstdint>

#include "model/cuda/adam_layer.h"
#include "model/cuda/adam_update.h"

namespace tvr::gpu {
namespace {

constexpr int kSide = 4;                    // a thread has kSide x kSide weights: outputs x inputs
constexpr int kOutputs = 64, kInputs = 32;  // tile of a block; larger ones lower the occupancy
constexpr int kAcross = kInputs / kSide;    // threads along the inputs
constexpr int kThreads = kAcross * kOutputs / kSide;
constexpr int kChunk = 32;  // rows of dy and x that are in shared memory at once
// Blocks per multiprocessor. For a layer four: with five, the registers would not hold weights and moments.
// For text pooling, which waits for the loads of words, five: the 640 tiles of MSR-VTT's layer are then one
// wave on 132 multiprocessors.
constexpr int kBlocks = 4, kPoolingBlocks = 5;

// The first output of this thread within the tile.
__device__ int first_output() { return static_cast<int>(threadIdx.x) / kAcross * kSide; }
__device__ int first_input() { return static_cast<int>(threadIdx.x) % kAcross * kSide; }

/// `left` clamped to [0, most].
__device__ int within(std::int64_t left, int most) {
  return left < 0 ? 0 : left < most ? static_cast<int>(left) : most;
}

// kWide: values read and written at once: 4 where all addresses are 16-byte aligned, else 1.

/// The first `count` of four consecutive values; zero after them.
template <int kWide>
__device__ void load(const float* from, int count, float (&values)[kSide]) {
  if constexpr (kWide == kSide) {
    const float4 four = count > 0 ? *reinterpret_cast<const float4*>(from) : float4{};
    values[0] = four.x, values[1] = four.y, values[2] = four.z, values[3] = four.w;
  } else {
#pragma unroll
    for (int j = 0; j < kSide; ++j) values[j] = j < count ? from[j] : 0.0F;
  }
}

template <int kWide>
__device__ void store(const float (&values)[kSide], int count, float* to) {
  if constexpr (kWide == kSide) {
    if (count > 0) *reinterpret_cast<float4*>(to) = float4{values[0], values[1], values[2], values[3]};
  } else {
#pragma unroll
    for (int j = 0; j < kSide; ++j) {
      if (j < count) to[j] = values[j];
    }
  }
}

/// Starts the asynchronous copy of a chunk of values [rows, cols], from row `top` and column `left`; zero
/// beyond the edges.
template <int kWide, int kCols>
__device__ void copy_async(float (&chunk)[kChunk][kCols], const float* values, std::int64_t rows,
                           std::int64_t cols, std::int64_t top, std::int64_t left) {
  constexpr int kAtOnce = kThreads * kWide / kCols;  // rows
  const int first = static_cast<int>(threadIdx.x) * kWide / kCols,
            d = static_cast<int>(threadIdx.x) * kWide % kCols;
  const int here = left + d < cols ? within(rows - top, kChunk) : 0;
  const float* from = values + (top + first) * cols + left + d;
#pragma unroll
  for (int n = first; n < kChunk; n += kAtOnce) {
    __pipeline_memcpy_async(&chunk[n][d], n < here ? from : values, kWide * sizeof(float),
                            n < here ? 0 : kWide * sizeof(float));
    from += kAtOnce * cols;
  }
}

/// A thread's weights in its block's tile, with their moments. The constructor issues the loads, so that they
/// overlap with computing the gradient.
template <int kWide>
class TileWeights {
 public:
  __device__ TileWeights(const DeviceLayer& layer, std::int64_t top, std::int64_t left)
      : at_((top + first_output()) * layer.inputs + left + first_input()),
        pitch_(static_cast<int>(layer.inputs)),
        outputs_(within(layer.outputs - top - first_output(), kSide)),
        inputs_(within(layer.inputs - left - first_input(), kSide)) {
#pragma unroll
    for (int r = 0; r < kSide; ++r) {
      const std::int64_t place = at_ + r * pitch_;
      const int count = r < outputs_ ? inputs_ : 0;
      load<kWide>(layer.value + place, count, value_[r]);
      load<kWide>(layer.mean + place, count, mean_[r]);
      load<kWide>(layer.variance + place, count, variance_[r]);
    }
  }

  __device__ void step(const DeviceLayer& layer, const float (&gradient)[kSide][kSide], AdamRates rates) {
#pragma unroll
    for (int r = 0; r < kSide; ++r) {
#pragma unroll
      for (int j = 0; j < kSide; ++j)
        adam_update(value_[r][j], mean_[r][j], variance_[r][j], gradient[r][j], rates);
      const std::int64_t place = at_ + r * pitch_;
      const int count = r < outputs_ ? inputs_ : 0;
      store<kWide>(value_[r], count, layer.value + place);
      store<kWide>(mean_[r], count, layer.mean + place);
      store<kWide>(variance_[r], count, layer.variance + place);
    }
  }

 private:
  std::int64_t at_;       // of the first
  int pitch_;             // from one output to the next
  int outputs_, inputs_;  // how many of them exist
  float value_[kSide][kSide], mean_[kSide][kSide], variance_[kSide][kSide];
};

/// Adam's step on the bias of one output, given its gradient.
__device__ void step_bias(const DeviceLayer& layer, std::int64_t output, float gradient, AdamRates rates) {
  const std::int64_t place = layer.outputs * layer.inputs + output;
  adam_update(layer.value[place], layer.mean[place], layer.variance[place], gradient, rates);
}

template <int kWide>
__global__ void __launch_bounds__(kThreads, kBlocks)
    adam_tile(DeviceLayer layer, const float* __restrict__ dy, const float* __restrict__ x, std::int64_t rows,
              const float* __restrict__ rates_at) {
  alignas(16) __shared__ float dy_chunk[kChunk][kOutputs];  // aligned so that a thread reads four at once
  alignas(16) __shared__ float x_chunk[kChunk][kInputs];
  const std::int64_t top = std::int64_t{blockIdx.y} * kOutputs, left = std::int64_t{blockIdx.x} * kInputs;
  const auto copy_rows = [&](std::int64_t first) {
    copy_async<kWide>(dy_chunk, dy, rows, layer.outputs, first, top);
    copy_async<kWide>(x_chunk, x, rows, layer.inputs, first, left);
    __pipeline_commit();
  };
  copy_rows(0);  // before the weights, which are needed only after the gradient
  TileWeights<kWide> weights(layer, top, left);
  const AdamRates rates{rates_at[0], rates_at[1]};

  float gradient[kSide][kSide] = {};
  const bool has_bias = left == 0 && threadIdx.x < kOutputs && top + threadIdx.x < layer.outputs;
  float bias_gradient = 0;
  for (std::int64_t first = 0; first < rows; first += kChunk) {
    if (first > 0) copy_rows(first);
    __pipeline_wait_prior(0);
    __syncthreads();
#pragma unroll 2  // more of them would want registers that the weights have
    for (int n = 0; n < kChunk; ++n) {
      float d[kSide], input[kSide];
      load<kSide>(&dy_chunk[n][first_output()], kSide, d);
      load<kSide>(&x_chunk[n][first_input()], kSide, input);
#pragma unroll
      for (int r = 0; r < kSide; ++r) {
#pragma unroll
        for (int j = 0; j < kSide; ++j) gradient[r][j] += d[r] * input[j];
      }
    }
    if (has_bias) {
      for (int n = 0; n < kChunk; ++n) bias_gradient += dy_chunk[n][threadIdx.x];
    }
    __syncthreads();  // the next chunk overwrites this one
  }

  weights.step(layer, gradient, rates);
  if (has_bias) step_bias(layer, top + threadIdx.x, bias_gradient, rates);
}

template <int kWide>
__global__ void __launch_bounds__(kThreads, kPoolingBlocks)
    pooling_tile(DeviceLayer layer, const float* __restrict__ d_pooled,
                 const std::int32_t* __restrict__ best_word, const float* __restrict__ words,
                 std::int64_t captions, std::int64_t length, const float* __restrict__ rates_at) {
  alignas(16) __shared__ float d_chunk[kChunk][kOutputs];
  alignas(16) __shared__ std::int32_t best_chunk[kChunk][kOutputs];
  // Neighbouring blocks share the same inputs, so that all words are in the multiprocessor's cache.
  const std::int64_t top = std::int64_t{blockIdx.x} * kOutputs, left = std::int64_t{blockIdx.y} * kInputs;
  float gradient[kSide][kSide] = {};
  const int first_row = threadIdx.x / kOutputs,
            column = threadIdx.x % kOutputs;  // of what this thread writes to shared memory
  const bool has_column = top + column < layer.outputs, has_bias = left == 0 && first_row == 0 && has_column;
  float bias_gradient = 0;
  const int inputs = within(layer.inputs - left - first_input(), kSide);
  const float* caption = words + left + first_input();
  for (std::int64_t first = 0; first < captions; first += kChunk) {
    const int here = within(captions - first, kChunk);
#pragma unroll
    for (int rows = 0; rows < kChunk; rows += kThreads / kOutputs) {
      const int n = rows + first_row;
      const std::int64_t from = (first + n) * layer.outputs + top + column;
      const std::int32_t best = has_column && n < here ? best_word[from] : -1;
      const float d = has_column && n < here ? d_pooled[from] : 0.0F;
      best_chunk[n][column] = best < 0 ? 0 : best;  // none: any word, times zero
      d_chunk[n][column] = best < 0 ? 0.0F : d;
    }
    __syncthreads();
#pragma unroll 1
    for (int n = 0; n < here; ++n) {
      float word[kSide][kSide];  // all loads are issued before the first is used
#pragma unroll
      for (int r = 0; r < kSide; ++r)
        load<kWide>(caption + best_chunk[n][first_output() + r] * layer.inputs, inputs, word[r]);
#pragma unroll
      for (int r = 0; r < kSide; ++r) {
        const float d = d_chunk[n][first_output() + r];
#pragma unroll
        for (int j = 0; j < kSide; ++j) gradient[r][j] += d * word[r][j];
      }
      if (has_bias) bias_gradient += d_chunk[n][column];
      caption += length * layer.inputs;
    }
    __syncthreads();  // the next chunk overwrites this one
  }

  // Loaded only now: the words needed the registers, and there are few weights.
  TileWeights<kWide> weights(layer, top, left);
  const AdamRates rates{rates_at[0], rates_at[1]};
  weights.step(layer, gradient, rates);
  if (has_bias) step_bias(layer, top + column, bias_gradient, rates);
}

/// Whether four consecutive values may be read at once.
bool is_wide(const DeviceLayer& layer, const float* dy, const float* x) {
  const float* const all[] = {layer.value, layer.mean, layer.variance, dy, x};
  std::uintptr_t bits = 0;
  for (const float* values : all) bits |= reinterpret_cast<std::uintptr_t>(values);
  return bits % sizeof(float4) == 0 && layer.outputs % kSide == 0 && layer.inputs % kSide == 0;
}

unsigned tiles(std::int64_t size, int tile) { return static_cast<unsigned>((size + tile - 1) / tile); }

}  // namespace

void adam_layer(const DeviceLayer& layer, const float* dy, const float* x, std::int64_t rows,
                const float* rates, cudaStream_t stream) {
  const dim3 grid(tiles(layer.inputs, kInputs), tiles(layer.outputs, kOutputs));
  const auto kernel = is_wide(layer, dy, x) ? adam_tile<kSide> : adam_tile<1>;
  kernel<<<grid, kThreads, 0, stream>>>(layer, dy, x, rows, rates);
}

void adam_pooling(const DeviceLayer& layer, const float* d_pooled, const std::int32_t* best_word,
                  const float* words, std::int64_t captions, std::int64_t length, const float* rates,
                  cudaStream_t stream) {
  const dim3 grid(tiles(layer.outputs, kOutputs), tiles(layer.inputs, kInputs));
  const auto kernel = is_wide(layer, d_pooled, words) ? pooling_tile<kSide> : pooling_tile<1>;
  kernel<<<grid, kThreads, 0, stream>>>(layer, d_pooled, best_word, words, captions, length, rates);
}

}  // namespace tvr::gpu
