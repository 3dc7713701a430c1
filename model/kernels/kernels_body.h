// The text of the kernels, included once a instruction set with TVR_KERNELS (the table's name), TVR_LANES
// (floats in a register) and TVR_TILE_ROWS defined. No header with inline functions may be included here: the
// linker could keep the copy that was compiled for a processor that we are not on.

#include "model/kernels/kernels.h"

namespace tvr {
namespace {

constexpr std::int64_t kLanes = TVR_LANES;
constexpr std::int64_t kTileCols = 2 * kLanes;     // two registers wide,
constexpr std::int64_t kTileRows = TVR_TILE_ROWS;  // so many high: their sums stay in registers
constexpr std::int64_t kDepthAtOnce = 128;         // a panel of so many rows stays in the first-level cache,
constexpr std::int64_t kPanels = 8;                // so many panels in the second

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

/// B's next `depth` rows of `cols` columns as panels of kTileCols columns, the last filled up with zeros:
/// rows that lie a power of two apart would push each other out of the cache.
void pack(const float* b, std::int64_t b_row, std::int64_t cols, std::int64_t depth, float* panels) {
  for (std::int64_t k = 0; k < depth; ++k) {
    const float* const row = b + k * b_row;
    for (std::int64_t j = 0; j < cols; j += kTileCols) {
      float* const to = panels + j * kDepthAtOnce + k * kTileCols;
      if (j + kTileCols <= cols) {
        __builtin_prefetch(row + 8 * b_row + j);
        __builtin_prefetch(row + 8 * b_row + j + kLanes);
        *reinterpret_cast<Vector*>(to) = *reinterpret_cast<const Vector*>(row + j);
        *reinterpret_cast<Vector*>(to + kLanes) = *reinterpret_cast<const Vector*>(row + j + kLanes);
      } else {
        for (std::int64_t i = 0; i < kTileCols; ++i) to[i] = j + i < cols ? row[j + i] : 0.0F;
      }
    }
  }
}

/// C [Rows, kTileCols] = (or, when `add`, +=) A [Rows, depth] panel [depth, kTileCols].
template <std::int64_t Rows>
inline __attribute__((always_inline)) void multiply_tile(const float* a, std::int64_t a_row,
                                                         std::int64_t a_col, const float* panel, float* c,
                                                         std::int64_t c_row, std::int64_t depth, bool add) {
  Vector left[Rows] = {}, right[Rows] = {};
  for (std::int64_t k = 0; k < depth; ++k) {
    const Vector b_left = *reinterpret_cast<const Vector*>(panel + k * kTileCols);
    const Vector b_right = *reinterpret_cast<const Vector*>(panel + k * kTileCols + kLanes);
    // The rows below, a line at a time, while these are at work: the hardware does not see far down so many
    // short runs.
    __builtin_prefetch(a + (Rows + k % Rows) * a_row + k / Rows * Rows * a_col);
    for (std::int64_t r = 0; r < Rows; ++r) {
      const float value = a[r * a_row + k * a_col];
      left[r] += value * b_left;
      right[r] += value * b_right;
    }
  }
  for (std::int64_t r = 0; r < Rows; ++r) {
    Vector* const c_left = reinterpret_cast<Vector*>(c + r * c_row);
    Vector* const c_right = reinterpret_cast<Vector*>(c + r * c_row + kLanes);
    *c_left = add ? *c_left + left[r] : left[r];
    *c_right = add ? *c_right + right[r] : right[r];
  }
}

template <std::int64_t Rows>
void multiply_rows(const Product& p, const float* a, const float* panel, float* c, std::int64_t cols,
                   std::int64_t depth, bool add) {
  if (cols >= kTileCols) return multiply_tile<Rows>(a, p.a_row, p.a_col, panel, c, p.c_row, depth, add);
  float sums[Rows * kTileCols];
  multiply_tile<Rows>(a, p.a_row, p.a_col, panel, sums, kTileCols, depth, false);
  for (std::int64_t r = 0; r < Rows; ++r) {
    for (std::int64_t j = 0; j < cols; ++j)
      c[r * p.c_row + j] = sums[r * kTileCols + j] + (add ? c[r * p.c_row + j] : 0.0F);
  }
}

void multiply(const Product& p) {
  alignas(64) float panels[kDepthAtOnce * kTileCols * kPanels];
  for (std::int64_t j = 0; j < p.cols; j += kTileCols * kPanels) {
    const std::int64_t cols = p.cols - j < kTileCols * kPanels ? p.cols - j : kTileCols * kPanels;
    for (std::int64_t k = 0; k < p.depth; k += kDepthAtOnce) {
      const std::int64_t depth = p.depth - k < kDepthAtOnce ? p.depth - k : kDepthAtOnce;
      pack(p.b + k * p.b_row + j, p.b_row, cols, depth, panels);
      for (std::int64_t i = 0; i < cols; i += kTileCols) {
        const float* const a = p.a + k * p.a_col;
        const float* const panel = panels + i * kDepthAtOnce;
        float* const c = p.c + j + i;
        std::int64_t r = 0;
        for (; r + kTileRows <= p.rows; r += kTileRows) {
          multiply_rows<kTileRows>(p, a + r * p.a_row, panel, c + r * p.c_row, cols - i, depth, k > 0);
        }
        for (; r < p.rows; ++r)
          multiply_rows<1>(p, a + r * p.a_row, panel, c + r * p.c_row, cols - i, depth, k > 0);
      }
    }
  }
}

/// By way of a tile: a plain loop would be summed with other roundings.
float dot(const float* a, const float* b, std::int64_t depth) {
  float sum = 0;
  multiply({a, depth, 1, b, 1, &sum, 1, 1, 1, depth});
  return sum;
}

void adam(float* __restrict value, float* __restrict mean, float* __restrict variance,
          const float* __restrict gradient, std::int64_t count, AdamRates rates) {
  constexpr float kKeep1 = 0.9F, kTake1 = 0.1F;
  constexpr float kKeep2 = 0.999F, kTake2 = 0.001F;
  constexpr float kEps = 1e-8F;
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i];
    const float m = kKeep1 * mean[i] + kTake1 * g;
    const float v = kKeep2 * variance[i] + kTake2 * g * g;
    mean[i] = m;
    variance[i] = v;
    value[i] -= rates.step_size * m / (__builtin_sqrtf(v) * rates.root_correction + kEps);
  }
}

}  // namespace

const Kernels TVR_KERNELS = {TVR_KERNELS_NAME, multiply, dot, adam};

}  // namespace tvr
