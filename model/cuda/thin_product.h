#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace tvr::gpu {

// Products of a few rows with a layer's weight in fp32 precision: out [rows, width], each a sum of `depth`
// products. The fp32 kernels of libraries take three times as long as reading the weight. Here tensor cores
// multiply: each value is split into two tf32 values of 11 bits each, and three of the four products are
// summed,
//   a b = a_high b_high + a_high b_low + a_low b_high + (less than fp32's precision)
// (Ootomo and Yokota, "Recovering single precision accuracy from Tensor Cores while surpassing the FP32
// theoretical peak performance", IJHPCA 2022). As there, sums leave the tensor cores, which truncate instead
// of rounding, after a few products.
//
// Needs compute capability 8.0 and kThinShared bytes of shared memory per block. x [rows, depth]; all arrays
// are on the device, 16-byte aligned.

constexpr int kThinRows = 32;  // at most
constexpr int kThinStep = 32;  // divides width and depth
constexpr std::size_t kThinShared = std::size_t{1} << 17;

/// out = x weight^T + bias. weight [width, depth]; bias [width], or null.
void thin_product(const float* x, const float* weight, const float* bias, std::int64_t rows,
                  std::int64_t width, std::int64_t depth, float* out, cudaStream_t stream);

/// out = x weight. weight [depth, width].
void thin_product_transposed(const float* x, const float* weight, std::int64_t rows, std::int64_t width,
                             std::int64_t depth, float* out, cudaStream_t stream);

}  // namespace tvr::gpu
