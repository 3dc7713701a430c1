// The source of the kernels, included once per instruction set with TVR_KERNELS (the table's name), TVR_LANES
// (floats per register) and TVR_TILE_ROWS defined, and TVR_FROM_HALVES where it converts halves by itself. No
// header with inline functions may be included here: the linker could keep a copy compiled for instructions
// that this CPU lacks.

#include "model/kernels/kernels.h"

namespace tvr {
namespace {

constexpr std::int64_t kLanes = TVR_LANES;
constexpr std::int64_t kTileCols = 2 * kLanes;     // a tile is two registers wide
constexpr std::int64_t kTileRows = TVR_TILE_ROWS;  // and so high that its sums stay in registers
constexpr std::int64_t kDepthAtOnce = 64;          // rows of a panel: it and the next one fit the caches
constexpr std::int64_t kRowsAtOnce = 64;           // rows of A that share a packed panel

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

typedef std::uint16_t Halves
    __attribute__((vector_size(kLanes * sizeof(std::uint16_t)), aligned(sizeof(std::uint16_t)), may_alias));
typedef std::uint32_t Bits
    __attribute__((vector_size(kLanes * sizeof(std::uint32_t)), aligned(sizeof(std::uint32_t)), may_alias));

/// Finite halves as floats.
#ifdef TVR_FROM_HALVES
inline __attribute__((always_inline)) Vector from_halves(const std::uint16_t* halves) {
  return TVR_FROM_HALVES(halves);
}
#else
inline __attribute__((always_inline)) Vector from_halves(const std::uint16_t* halves) {
  constexpr std::uint32_t kMagnitude = 0x7fffU, kSign = 0x8000U, kLeastNormal = 0x400U;
  constexpr unsigned kShift = 13;                       // bits of the fraction that a float has more
  constexpr std::uint32_t kBias = (127U - 15U) << 23U;  // the difference of the exponents
  constexpr float kLeast = 0x1p-14F;                    // the least normal half
  const Bits bits = __builtin_convertvector(*reinterpret_cast<const Halves*>(halves), Bits);
  const Bits magnitude = bits & kMagnitude;
  const Bits shifted = (magnitude << kShift) + kBias;
  // A subnormal half as the fraction of the least normal one, of which it lacks the leading 1.
  const Bits one_more = shifted + (1U << 23U);
  const Vector subnormal = reinterpret_cast<const Vector&>(one_more) - kLeast;
  const Bits value = magnitude < kLeastNormal ? reinterpret_cast<const Bits&>(subnormal) : shifted;
  const Bits signed_value = value | ((bits & kSign) << 16U);
  return reinterpret_cast<const Vector&>(signed_value);
}
#endif

void pack_halves(const std::uint16_t* b, std::int64_t b_row, std::int64_t cols, std::int64_t depth,
                 float* panel) {
  for (std::int64_t k = 0; k < depth; ++k, b += b_row, panel += kTileCols) {
    std::uint16_t last[kTileCols] = {};
    for (std::int64_t i = 0; cols < kTileCols && i < cols; ++i) last[i] = b[i];
    const std::uint16_t* const row = cols < kTileCols ? last : b;
    *reinterpret_cast<Vector*>(panel) = from_halves(row);
    *reinterpret_cast<Vector*>(panel + kLanes) = from_halves(row + kLanes);
  }
}

/// Packs one panel of B, which has `cols` columns left. Unpacked, rows a power of two apart would evict each
/// other from the cache.
void pack_panel(const float* b, std::int64_t b_row, std::int64_t cols, std::int64_t depth, float* panel) {
  for (std::int64_t k = 0; k < depth; ++k, b += b_row, panel += kTileCols) {
    if (cols >= kTileCols) {
      *reinterpret_cast<Vector*>(panel) = *reinterpret_cast<const Vector*>(b);
      *reinterpret_cast<Vector*>(panel + kLanes) = *reinterpret_cast<const Vector*>(b + kLanes);
    } else {
      for (std::int64_t i = 0; i < kTileCols; ++i) panel[i] = i < cols ? b[i] : 0.0F;
    }
  }
}

void pack(const float* b, std::int64_t b_row, std::int64_t cols, std::int64_t depth, float* panels) {
  for (std::int64_t j = 0; j < cols; j += kTileCols)
    pack_panel(b + j, b_row, cols - j, depth, panels + j * depth);
}

/// The sums of a tile, two registers per row, and how far they are.
template <std::int64_t Rows>
struct Tile {
  static constexpr std::int64_t kFour = 4;  // rows addressed from one register with multiples of the stride
  Vector left[Rows] = {}, right[Rows] = {};
  const float *low, *high, *panel;
  std::int64_t a_row, a_col;

  inline __attribute__((always_inline))
  Tile(const float* a, std::int64_t row, std::int64_t col, const float* b)
      : low(a), high(a + kFour * row), panel(b), a_row(row), a_col(col) {}

  /// Adds A [Rows, depth] panel [depth, kTileCols]. Meanwhile it prefetches one cache line of each row of B
  /// from `b_next` on: the hardware prefetcher does not follow so many short runs.
  inline __attribute__((always_inline)) void add(std::int64_t depth, const float* b_next,
                                                 std::int64_t b_row) {
    for (std::int64_t k = 0; k < depth; ++k) {
      const Vector b_left = *reinterpret_cast<const Vector*>(panel);
      const Vector b_right = *reinterpret_cast<const Vector*>(panel + kLanes);
      __builtin_prefetch(b_next);
      for (std::int64_t r = 0; r < Rows; ++r) {
        // A separate variable: with the condition inside the index, g++ 12's sanitizer confuses the rows.
        const float* const four = r < kFour ? low : high;
        const float value = four[r % kFour * a_row];
        left[r] += value * b_left;
        right[r] += value * b_right;
      }
      low += a_col;
      high += a_col;
      panel += kTileCols;
      b_next += b_row;
    }
  }

  /// C [Rows, kTileCols] = the sums, or, when `add`, += them.
  inline __attribute__((always_inline)) void store(float* c, std::int64_t c_row, bool add) const {
    for (std::int64_t r = 0; r < Rows; ++r) {
      Vector* const c_left = reinterpret_cast<Vector*>(c + r * c_row);
      Vector* const c_right = reinterpret_cast<Vector*>(c + r * c_row + kLanes);
      *c_left = add ? *c_left + left[r] : left[r];
      *c_right = add ? *c_right + right[r] : right[r];
    }
  }
};

/// C [Rows, kTileCols] = (or, when `add`, +=) A [Rows, depth] panel [depth, kTileCols].
template <std::int64_t Rows>
inline __attribute__((always_inline)) void multiply_tile(const float* a, std::int64_t a_row,
                                                         std::int64_t a_col, const float* panel,
                                                         const float* b_next, std::int64_t b_row, float* c,
                                                         std::int64_t c_row, std::int64_t depth, bool add) {
  Tile<Rows> tile(a, a_row, a_col, panel);
  tile.add(depth, b_next, b_row);
  tile.store(c, c_row, add);
}

/// C [Rows, cols] (+)= A panel.
template <std::int64_t Rows>
void multiply_rows(const Product& p, const float* a, const float* panel, const float* b_next, float* c,
                   std::int64_t cols, std::int64_t depth, bool add) {
  if (cols >= kTileCols) {
    return multiply_tile<Rows>(a, p.a_row, p.a_col, panel, b_next, p.b_row, c, p.c_row, depth, add);
  }
  float sums[Rows * kTileCols];
  multiply_tile<Rows>(a, p.a_row, p.a_col, panel, b_next, p.b_row, sums, kTileCols, depth, false);
  for (std::int64_t r = 0; r < Rows; ++r) {
    for (std::int64_t j = 0; j < cols; ++j)
      c[r * p.c_row + j] = sums[r * kTileCols + j] + (add ? c[r * p.c_row + j] : 0.0F);
  }
}

/// All rows of C for one panel of B; `first`: C is overwritten, else added to. The next panel starts at
/// b_next.
void multiply_panel(const Product& p, const float* a, std::int64_t rows, const float* panel,
                    const float* b_next, float* c, std::int64_t cols, std::int64_t depth, bool first) {
  std::int64_t r = 0;
  for (; r + kTileRows <= rows; r += kTileRows) {
    const float* const line = b_next + r / kTileRows % 2 * kLanes;
    multiply_rows<kTileRows>(p, a + r * p.a_row, panel, line, c + r * p.c_row, cols, depth, !first);
  }
  for (; r < rows; ++r)
    multiply_rows<1>(p, a + r * p.a_row, panel, b_next, c + r * p.c_row, cols, depth, !first);
}

/// Prefetches the next kDepthAtOnce values of each row of a matrix.
inline __attribute__((always_inline)) void fetch_rows(const float* a, std::int64_t a_row, std::int64_t rows) {
  constexpr std::int64_t kLine = 16;  // floats of a cache line
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < kDepthAtOnce; i += kLine) __builtin_prefetch(a + r * a_row + i);
}

void multiply(const Product& p) {
  alignas(64) float packed[kDepthAtOnce * kTileCols];
  const bool is_panel = p.b_row == kTileCols && p.cols == kTileCols;  // B is already one panel
  const std::int64_t at_once = is_panel ? kTileRows : kRowsAtOnce;
  for (std::int64_t r = 0; r < p.rows; r += at_once) {
    const std::int64_t rows = p.rows - r < at_once ? p.rows - r : at_once;
    for (std::int64_t k = 0; k < p.depth; k += kDepthAtOnce) {
      const std::int64_t depth = p.depth - k < kDepthAtOnce ? p.depth - k : kDepthAtOnce;
      for (std::int64_t j = 0; j < p.cols; j += kTileCols) {
        const float* const b = p.b + k * p.b_row + j;
        if (is_panel)
          fetch_rows(p.a + r * p.a_row + (k + kDepthAtOnce) * p.a_col, p.a_row, rows);
        else
          pack_panel(b, p.b_row, p.cols - j, depth, packed);
        multiply_panel(p, p.a + r * p.a_row + k * p.a_col, rows, is_panel ? b : packed, b + kTileCols,
                       p.c + r * p.c_row + j, p.cols - j, depth, k == 0);
      }
    }
  }
}

void multiply_halves(const Product& p, const std::uint16_t* b) {
  alignas(64) float packed[kDepthAtOnce * kTileCols];
  for (std::int64_t r = 0; r < p.rows; r += kRowsAtOnce) {
    const std::int64_t rows = p.rows - r < kRowsAtOnce ? p.rows - r : kRowsAtOnce;
    for (std::int64_t k = 0; k < p.depth; k += kDepthAtOnce) {
      const std::int64_t depth = p.depth - k < kDepthAtOnce ? p.depth - k : kDepthAtOnce;
      for (std::int64_t j = 0; j < p.cols; j += kTileCols) {
        pack_halves(b + k * p.b_row + j, p.b_row, p.cols - j, depth, packed);
        Product tile = p;
        tile.b_row = 0;  // nothing to prefetch: the panel is in the cache
        multiply_panel(tile, p.a + r * p.a_row + k * p.a_col, rows, packed, packed, p.c + r * p.c_row + j,
                       p.cols - j, depth, k == 0);
      }
    }
  }
}

float dot(const float* a, const float* b, std::int64_t depth) {
  float total = 0;
  for (std::int64_t k = 0; k < depth; k += kDepthAtOnce) {
    float sum = 0;
    for (std::int64_t i = k; i < depth && i < k + kDepthAtOnce; ++i) sum += a[i] * b[i];
    total = k == 0 ? sum : total + sum;
  }
  return total;
}

void keep_larger(const float* __restrict values, std::int32_t number, float* __restrict best,
                 std::int32_t* __restrict best_number, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const bool is_larger = values[i] > best[i];
    best_number[i] = is_larger ? number : best_number[i];
    best[i] = is_larger ? values[i] : best[i];
  }
}

inline __attribute__((always_inline)) void adam(float* __restrict value, float* __restrict mean,
                                                float* __restrict variance, const float* __restrict gradient,
                                                std::int64_t count, AdamRates rates) {
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

/// Prefetches a panel's width of a row that will be written, into the L2 cache: in L1, rows a power of two
/// apart would evict each other.
inline __attribute__((always_inline)) void fetch(const float* row) {
  __builtin_prefetch(row, 1, 2);
  __builtin_prefetch(row + kLanes, 1, 2);
}

/// kTileRows rows of C, or fewer, by at most kBlockCols columns from `c` on, with their moments and gradient.
struct Block {
  float *c = nullptr, *mean = nullptr, *variance = nullptr;
  const float* gradient = nullptr;  // [rows, kGradientRow]
  std::int64_t rows = 0, cols = 0;
};
// So wide that a block's gradient, twice, and the row below stay in the caches meanwhile.
constexpr std::int64_t kBlockCols = 1024;
constexpr std::int64_t kGradientRow = kBlockCols + kTileCols;  // no power of two: rows would evict each other

/// Adam along the rows of a block, a panel's width at a time.
class AdamPass {
 public:
  inline __attribute__((always_inline)) AdamPass(const Block& block, std::int64_t c_row, AdamRates rates)
      : block_(block), c_row_(c_row), rates_(rates) {}

  /// Updates the next values, if any are left.
  inline __attribute__((always_inline)) bool next() {
    if (row_ == block_.rows) return false;
    const std::int64_t at = row_ * c_row_ + col_;
    float *const value = block_.c + at, *const mean = block_.mean + at,
                 *const variance = block_.variance + at;
    const float* const gradient = block_.gradient + row_ * kGradientRow + col_;
    fetch(value + c_row_);  // the row below
    fetch(mean + c_row_);
    fetch(variance + c_row_);
    col_ += kTileCols;
    if (col_ <= block_.cols)
      adam(value, mean, variance, gradient, kTileCols, rates_);
    else
      adam(value, mean, variance, gradient, block_.cols - (col_ - kTileCols), rates_);
    if (col_ >= block_.cols) {
      col_ = 0;
      ++row_;
    }
    return true;
  }

 private:
  Block block_;
  std::int64_t c_row_;
  AdamRates rates_;
  std::int64_t row_ = 0, col_ = 0;
};

/// The gradient of `Rows` rows of a block, A [Rows, depth] times its panels. Between the products Adam goes
/// on through the block before, so that divisions and memory are waited for while sums are computed.
template <std::int64_t Rows>
void gradient_rows(const Product& p, const float* a, const float* panels, std::int64_t cols, float* gradient,
                   AdamPass& before) {
  for (std::int64_t j = 0; j < cols; j += kTileCols) {
    const float* const panel = panels + j * p.depth;
    Tile<Rows> tile(a, p.a_row, p.a_col, panel);
    for (std::int64_t r = 0; r < Rows; ++r) {
      before.next();
      tile.add(p.depth / Rows, panel, 0);
    }
    tile.add(p.depth % Rows, panel, 0);
    tile.store(gradient + j, kGradientRow, false);
  }
}

void multiply_adam(const Product& p, float* mean, float* variance, AdamRates rates) {
  alignas(64) float gradients[2][kTileRows * kGradientRow];
  Block before;
  std::int64_t turn = 0;
  for (std::int64_t j = 0; j < p.cols; j += kBlockCols) {
    const std::int64_t cols = p.cols - j < kBlockCols ? p.cols - j : kBlockCols;
    const float* const panels = p.b + j * p.depth;
    for (std::int64_t r = 0; r < p.rows; r += kTileRows, turn ^= 1) {
      const std::int64_t rows = p.rows - r < kTileRows ? p.rows - r : kTileRows;
      const float* const a = p.a + r * p.a_row;
      float* const gradient = gradients[turn];
      AdamPass pass(before, p.c_row, rates);
      if (rows == kTileRows) {
        gradient_rows<kTileRows>(p, a, panels, cols, gradient, pass);
      } else {
        for (std::int64_t i = 0; i < rows; ++i)
          gradient_rows<1>(p, a + i * p.a_row, panels, cols, gradient + i * kGradientRow, pass);
      }
      while (pass.next()) {
      }
      const std::int64_t at = r * p.c_row + j;
      before = {p.c + at, mean + at, variance + at, gradient, rows, cols};
    }
  }
  AdamPass last(before, p.c_row, rates);
  while (last.next()) {
  }
}

}  // namespace

const Kernels TVR_KERNELS = {
    TVR_KERNELS_NAME, multiply, multiply_halves, dot, keep_larger, kTileCols, pack, adam, multiply_adam};

}  // namespace tvr
