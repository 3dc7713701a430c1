#include "model/cuda/training_kernels.h"

namespace tvr::gpu {
namespace {

constexpr int kWarp = 32;
constexpr int kColumns = 256;                                      // of a block, with one column per thread
constexpr int kRowThreads = 512, kRowWarps = kRowThreads / kWarp;  // of a block, with one row per block

/// Propagates NaN, unlike fmaxf.
__device__ float relu(float x) { return x < 0 ? 0.0F : x; }

__device__ float warp_sum(float value) {
#pragma unroll
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(~0U, value, step);
  return value;
}

/// The sum over all threads of a block; every thread gets it.
__device__ float block_sum(float value) {
  __shared__ float of_warp[kRowWarps];
  const int lane = threadIdx.x % kWarp;
  value = warp_sum(value);
  __syncthreads();  // an earlier sum has been read
  if (lane == 0) of_warp[threadIdx.x / kWarp] = value;
  __syncthreads();
  return warp_sum(lane < kRowWarps ? of_warp[lane] : 0.0F);
}

__global__ void __launch_bounds__(kColumns)
    pool_column(const float* __restrict__ hidden, const float* __restrict__ bias, std::int64_t length,
                std::int64_t dim, float* __restrict__ pooled, std::int32_t* __restrict__ best_word) {
  const std::int64_t caption = blockIdx.x, d = std::int64_t{blockIdx.y} * kColumns + threadIdx.x;
  if (d >= dim) return;
  const float* word = hidden + caption * length * dim + d;
  float best = *word;
  std::int32_t best_at = 0;
#pragma unroll 4
  for (std::int32_t w = 1; w < length; ++w) {
    word += dim;
    const float value = *word;
    if (value > best || isnan(value)) {  // a NaN stays: no value compares higher
      best = value;
      best_at = w;
    }
  }
  const float value = relu(best + bias[d]);
  pooled[caption * dim + d] = value;
  best_word[caption * dim + d] = value > 0 ? best_at : -1;
}

__global__ void __launch_bounds__(kRowThreads)
    gate_row(const float* __restrict__ product, const float* __restrict__ bias, const float* __restrict__ y,
             std::int64_t dim, float smallest_norm, float* __restrict__ sigmoid, float* __restrict__ norm,
             float* __restrict__ out) {
  const std::int64_t row = blockIdx.x, first = row * dim;
  float squares = 0;
#pragma unroll 4
  for (std::int64_t d = threadIdx.x; d < dim; d += kRowThreads) {
    const float s = 1 / (1 + expf(-(product[first + d] + bias[d])));
    const float z = y[first + d] * s;
    sigmoid[first + d] = s;
    out[first + d] = z;
    squares += z * z;
  }
  const float length = sqrtf(block_sum(squares));
  const float divisor = length < smallest_norm ? smallest_norm : length;
  if (threadIdx.x == 0) norm[row] = divisor;
#pragma unroll 4
  for (std::int64_t d = threadIdx.x; d < dim; d += kRowThreads) out[first + d] /= divisor;
}

__global__ void __launch_bounds__(kRowThreads)
    gate_row_backward(const float* __restrict__ d_out, const float* __restrict__ out,
                      const float* __restrict__ sigmoid, const float* __restrict__ norm,
                      const float* __restrict__ y, std::int64_t dim, float smallest_norm,
                      float* __restrict__ dz, float* __restrict__ d_product) {
  const std::int64_t row = blockIdx.x, first = row * dim;
  float product = 0;
#pragma unroll 4
  for (std::int64_t d = threadIdx.x; d < dim; d += kRowThreads) product += out[first + d] * d_out[first + d];
  const float divisor = norm[row];
  const float sum = block_sum(product), along = divisor > smallest_norm ? sum : 0.0F;
#pragma unroll 4
  for (std::int64_t d = threadIdx.x; d < dim; d += kRowThreads) {
    const float slope = (d_out[first + d] - out[first + d] * along) / divisor;
    const float s = sigmoid[first + d];
    dz[first + d] = slope;
    d_product[first + d] = slope * y[first + d] * (1 - s) * s;
  }
}

/// Derivatives of row i, and what column i contributes to the pair on the diagonal.
__global__ void __launch_bounds__(kRowThreads)
    max_margin_row(const float* __restrict__ similarity, float margin, const float* __restrict__ weights,
                   bool single_weight, std::int64_t size, float* __restrict__ row_loss,
                   float* __restrict__ d_similarity) {
  const std::int64_t i = blockIdx.x;
  const float own = similarity[i * size + i];
  float loss = 0, slope = 0;  // slope: sum over all hinges from which `own` is subtracted
  for (std::int64_t j = threadIdx.x; j < size; j += kRowThreads) {
    const std::int64_t pair = i * size + j, across = j * size + i;
    const float weight = weights[single_weight ? 0 : pair];
    const float by_text = relu(margin + similarity[pair] - own);
    const float by_video = relu(margin + similarity[pair] - similarity[j * size + j]);
    loss += (by_text + by_video) * weight;
    if (j == i) continue;  // `own` cancels there
    const float d_text = by_text > 0 ? weight : 0.0F, d_video = by_video > 0 ? weight : 0.0F;
    d_similarity[pair] = d_text + d_video;
    slope += d_text;
    if (margin + similarity[across] - own > 0) slope += weights[single_weight ? 0 : across];
  }
  loss = block_sum(loss);
  slope = block_sum(slope);
  if (threadIdx.x == 0) {
    row_loss[i] = loss;
    d_similarity[i * size + i] = -slope;
  }
}

}  // namespace

void pool(const float* hidden, const float* bias, std::int64_t captions, std::int64_t length,
          std::int64_t dim, float* pooled, std::int32_t* best_word, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(captions), static_cast<unsigned>((dim + kColumns - 1) / kColumns));
  pool_column<<<grid, kColumns, 0, stream>>>(hidden, bias, length, dim, pooled, best_word);
}

void gate(const float* product, const float* bias, const float* y, std::int64_t rows, std::int64_t dim,
          float smallest_norm, float* sigmoid, float* norm, float* out, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(rows));
  gate_row<<<grid, kRowThreads, 0, stream>>>(product, bias, y, dim, smallest_norm, sigmoid, norm, out);
}

void gate_backward(const float* d_out, const float* out, const float* sigmoid, const float* norm,
                   const float* y, std::int64_t rows, std::int64_t dim, float smallest_norm, float* dz,
                   float* d_product, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(rows));
  gate_row_backward<<<grid, kRowThreads, 0, stream>>>(d_out, out, sigmoid, norm, y, dim, smallest_norm, dz,
                                                      d_product);
}

void max_margin(const float* similarity, float margin, const float* weights, bool single_weight,
                std::int64_t size, float* row_loss, float* d_similarity, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(size));
  max_margin_row<<<grid, kRowThreads, 0, stream>>>(similarity, margin, weights, single_weight, size, row_loss,
                                                   d_similarity);
}

}  // namespace tvr::gpu
