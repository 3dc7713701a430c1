#include <cuda_pipeline.h>

#include "model/cuda/thin_product.h"

namespace tvr::gpu {
namespace {

constexpr int kWarp = 32, kWarps = 8, kThreads = kWarp * kWarps;
constexpr int kFour = 4;  // values that a thread reads and writes at once
constexpr int kTile = kThinRows, kFours = kTile / kFour;

__device__ int lane() { return static_cast<int>(threadIdx.x) % kWarp; }
__device__ int warp() { return static_cast<int>(threadIdx.x) / kWarp; }
// A warp's threads as mma.sync numbers them: eight groups of four.
__device__ int group() { return lane() / 4; }
__device__ int member() { return lane() % 4; }

/// 32 x 32 values in shared memory without bank conflicts: eight threads served together read their four
/// values from different banks, in one row or in two adjacent rows (kByColumns: in two columns, in every
/// fourth row).
template <bool kByColumns>
class Tile {
 public:
  /// A warp starts the asynchronous copy from rows of `pitch` values; zero from row `rows` on.
  __device__ void copy_async(const float* values, int pitch, int rows) {
    const int four = lane() % kFours;
#pragma unroll
    for (int row = lane() / kFours; row < kTile; row += kWarp / kFours) {
      const bool is_there = row < rows;
      __pipeline_memcpy_async(&fours_[place(row, four)], values + (is_there ? row * pitch : 0) + kFour * four,
                              sizeof(float4), is_there ? 0 : sizeof(float4));
    }
  }

  __device__ void load(int row, int four, float (&values)[kFour]) const {
    const float4 from = fours_[place(row, four)];
    values[0] = from.x, values[1] = from.y, values[2] = from.z, values[3] = from.w;
  }

 private:
  __device__ static int place(int row, int four) {
    return row * kFours + (four ^ (kByColumns ? row / 4 % 4 * 2 : row % 2 * 4));
  }
  float4 fours_[kTile * kFours];
};

/// What a warp multiplies in one step: a depth of 32.
template <bool kTransposed>
struct Stage {
  Tile<false> x;             // [rows, depth]
  Tile<kTransposed> weight;  // [width, depth]; kTransposed: [depth, width]
};

/// A warp's part of out^T [32 columns of out, 32 rows], in the tiles that mma.sync produces.
constexpr int kAcross = 2, kDown = 4;
using Sums = float[kAcross][kDown][4];
__device__ int row_of(int down, int j) { return 8 * down + 2 * member() + j % 2; }
template <bool kTransposed>
__device__ int column_of(int across, int j) {
  return kTransposed ? 4 * group() + 2 * across + j / 2 : 16 * across + 8 * (j / 2) + group();
}

using Parts = float[kWarps][kThinRows][kTile + 1];  // of all warps; the extra column avoids bank conflicts
static_assert(2 * kWarps * sizeof(Stage<false>) == kThinShared && sizeof(Parts) <= kThinShared);

/// Splits a value into two tf32 values, the first one rounded. Of the 32 bits the tensor cores read the upper
/// 19: sign, exponent, 10 bits of mantissa.
__device__ void split(float value, std::uint32_t& high, std::uint32_t& low) {
  high = (__float_as_uint(value) + 0x1000U) & 0xffffe000U;
  low = __float_as_uint(value - __uint_as_float(high));
}

/// sums [16, 8] = weight [16, 8] x [8, 8], or += where `add`.
__device__ void multiply(const std::uint32_t (&weight)[4], const std::uint32_t (&x)[2], bool add,
                         float (&sums)[4]) {
#if __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%10,%11,%12,%13};"
      : "=f"(sums[0]), "=f"(sums[1]), "=f"(sums[2]), "=f"(sums[3])
      : "r"(weight[0]), "r"(weight[1]), "r"(weight[2]), "r"(weight[3]), "r"(x[0]), "r"(x[1]),
        "f"(add ? sums[0] : 0.0F), "f"(add ? sums[1] : 0.0F), "f"(add ? sums[2] : 0.0F),
        "f"(add ? sums[3] : 0.0F));
#endif
}

/// Adds the products of one step. The order along the depth is free, as long as both factors agree: a
/// thread's four consecutive values are used for two of its products.
template <bool kTransposed>
__device__ void add_step(const Stage<kTransposed>& stage, Sums& sums) {
  Sums part;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float x[kDown][kFour], weight[kFour][kFour];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      stage.x.load(8 * i + group(), 4 * half + member(), x[i]);
      if (kTransposed)
        stage.weight.load(16 * half + 4 * member() + i, group(), weight[i]);
      else
        stage.weight.load(8 * i + group(), 4 * half + member(), weight[i]);
    }
#pragma unroll
    for (int k = 0; k < kFour; k += 2) {
      std::uint32_t x_high[kDown][2], x_low[kDown][2], high[kAcross][4], low[kAcross][4];
#pragma unroll
      for (int j = 0; j < 2 * kDown; ++j)
        split(x[j / 2][k + j % 2], x_high[j / 2][j % 2], x_low[j / 2][j % 2]);
#pragma unroll
      for (int j = 0; j < 4 * kAcross; ++j) {
        const int output = j / 4 * 2 + j % 2, depth = k + j % 4 / 2;
        split(kTransposed ? weight[depth][output] : weight[output][depth], high[j / 4][j % 4],
              low[j / 4][j % 4]);
      }
      // The small terms first, and consecutive products use different sums, so that none waits for another.
      constexpr int kTiles = kAcross * kDown;
#pragma unroll
      for (int i = 0; i < kTiles; ++i)
        multiply(low[i / kDown], x_high[i % kDown], half + k > 0, part[i / kDown][i % kDown]);
#pragma unroll
      for (int i = 0; i < kTiles; ++i)
        multiply(high[i / kDown], x_low[i % kDown], true, part[i / kDown][i % kDown]);
#pragma unroll
      for (int i = 0; i < kTiles; ++i)
        multiply(high[i / kDown], x_high[i % kDown], true, part[i / kDown][i % kDown]);
    }
  }
#pragma unroll
  for (int i = 0; i < kAcross * kDown * 4; ++i)
    sums[i / 16][i / 4 % kDown][i % 4] += part[i / 16][i / 4 % kDown][i % 4];
}

/// A block computes 32 columns of out; its warps take turns along the depth.
template <bool kTransposed>
__global__ void __launch_bounds__(kThreads)
    product(const float* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias,
            int rows, int width, int depth, float* __restrict__ out) {
  extern __shared__ float4 shared[];
  Stage<kTransposed>* const stages = reinterpret_cast<Stage<kTransposed>*>(shared) + 2 * warp();
  const int first = static_cast<int>(blockIdx.x) * kTile;
  const auto copy_async = [&](int from, Stage<kTransposed>& stage) {
    stage.x.copy_async(x + from, depth, rows);
    if (kTransposed)
      stage.weight.copy_async(weight + std::int64_t{from} * width + first, width, kTile);
    else
      stage.weight.copy_async(weight + std::int64_t{first} * depth + from, depth, kTile);
    __pipeline_commit();
  };

  Sums sums = {};
  int at = warp() * kThinStep;
  if (at < depth) copy_async(at, stages[0]);
  for (int here = 0; at < depth; here = 1 - here) {
    __pipeline_wait_prior(0);
    __syncwarp();  // what the others copied has arrived, and they have read the other stage
    at += kWarps * kThinStep;
    if (at < depth) copy_async(at, stages[1 - here]);
    add_step(stages[here], sums);
  }

  __syncthreads();  // the stages are not needed any more
  Parts& parts = *reinterpret_cast<Parts*>(shared);
#pragma unroll
  for (int i = 0; i < kAcross * kDown * 4; ++i) {
    const int across = i / 16, down = i / 4 % kDown, j = i % 4;
    parts[warp()][row_of(down, j)][column_of<kTransposed>(across, j)] = sums[across][down][j];
  }
  __syncthreads();
  for (int row = warp(); row < rows; row += kWarps) {
    float sum = bias ? bias[first + lane()] : 0.0F;
#pragma unroll
    for (int w = 0; w < kWarps; ++w) sum += parts[w][row][lane()];
    out[row * width + first + lane()] = sum;
  }
}

template <bool kTransposed>
void launch(const float* x, const float* weight, const float* bias, std::int64_t rows, std::int64_t width,
            std::int64_t depth, float* out, cudaStream_t stream) {
  cudaFuncSetAttribute(product<kTransposed>, cudaFuncAttributeMaxDynamicSharedMemorySize, kThinShared);
  product<kTransposed><<<static_cast<unsigned>(width / kTile), kThreads, kThinShared, stream>>>(
      x, weight, bias, static_cast<int>(rows), static_cast<int>(width), static_cast<int>(depth), out);
}

}  // namespace

void thin_product(const float* x, const float* weight, const float* bias, std::int64_t rows,
                  std::int64_t width, std::int64_t depth, float* out, cudaStream_t stream) {
  launch<false>(x, weight, bias, rows, width, depth, out, stream);
}

void thin_product_transposed(const float* x, const float* weight, std::int64_t rows, std::int64_t width,
                             std::int64_t depth, float* out, cudaStream_t stream) {
  launch<true>(x, weight, nullptr, rows, width, depth, out, stream);
}

}  // namespace tvr::gpu
