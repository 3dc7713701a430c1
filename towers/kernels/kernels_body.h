// The source of the kernels, included once per instruction set with TVR_TOWER_KERNELS (the table's name),
// TVR_LANES (floats per register) and TVR_TILE_ROWS defined. No header with inline functions may be included
// here: the linker could keep a copy compiled for instructions that this CPU lacks.

#include "towers/kernels/kernels.h"

namespace tvr {
namespace {

constexpr std::int64_t kLanes = TVR_LANES;
constexpr std::int64_t kTileCols = 2 * kLanes;     // a tile is two registers wide
constexpr std::int64_t kTileRows = TVR_TILE_ROWS;  // and so high that its sums stay in registers

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef std::int32_t Integers
    __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef std::uint32_t Bits
    __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef std::uint16_t Halves
    __attribute__((vector_size(kLanes * sizeof(std::uint16_t)), aligned(sizeof(std::uint16_t)), may_alias));

inline Vector load(const float* at) { return *reinterpret_cast<const Vector*>(at); }
inline void store(float* at, Vector value) { *reinterpret_cast<Vector*>(at) = value; }

inline float sum(Vector values) {
  float total = 0;
  for (std::int64_t i = 0; i < kLanes; ++i) total += values[i];
  return total;
}

inline std::uint16_t to_bf16(float value) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U);
}

/// Writes `count` values, at most a vector's, as the columns from `col` on of a row.
inline void put(const Rows& out, std::int64_t row, std::int64_t col, Vector values, std::int64_t count) {
  const std::int64_t at = row * out.row + col;
  if (!out.bf16) {
    float* const place = static_cast<float*>(out.data) + at;
    if (count >= kLanes) return store(place, values);
    for (std::int64_t i = 0; i < count; ++i) place[i] = values[i];
    return;
  }
  std::uint16_t* const place = static_cast<std::uint16_t*>(out.data) + at;
  if (count >= kLanes) {
    Bits bits;
    __builtin_memcpy(&bits, &values, sizeof(bits));
    bits = (bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U;
    *reinterpret_cast<Halves*>(place) = __builtin_convertvector(bits, Halves);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) place[i] = to_bf16(values[i]);
}

/// The values from `at` on, zeros beyond `count`.
inline Vector load_some(const float* at, std::int64_t count) {
  if (count >= kLanes) return load(at);
  Vector values = {};
  for (std::int64_t i = 0; i < count; ++i) values[i] = at[i];
  return values;
}

void copy(const float* x, std::int64_t count, const Rows& out) {
  for (std::int64_t i = 0; i < count; i += kLanes) put(out, 0, i, load_some(x + i, count - i), count - i);
}

void layer_norm(const float* x, std::int64_t rows, std::int64_t width, const float* scale, const float* shift,
                float epsilon, const Rows& out) {
  const float share = 1.0F / static_cast<float>(width);
  for (std::int64_t row = 0; row < rows; ++row, x += width) {
    Vector total = {};
    for (std::int64_t i = 0; i < width; i += kLanes) total += load_some(x + i, width - i);
    const float mean = sum(total) * share;
    Vector squares = {};
    std::int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes) {
      const Vector distance = load(x + i) - mean;
      squares += distance * distance;
    }
    float variance = sum(squares);
    for (; i < width; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const float factor = 1.0F / __builtin_sqrtf(variance * share + epsilon);
    for (i = 0; i < width; i += kLanes) {
      const std::int64_t left = width - i;
      const Vector value = (load_some(x + i, left) - mean) * factor;
      put(out, row, i, value * load_some(scale + i, left) + load_some(shift + i, left), left);
    }
  }
}

/// e^x for x <= 0, to 2 units in the last place: 2^n times a polynomial of the rest, of degree 6 (Taylor's
/// is good to 1.2e-7 for |rest| <= ln(2) / 2). Below -87 it is as good as 0.
inline Vector exponential(Vector x) {
  constexpr float kLeast = -87.0F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves a whole number in the last bits
  x = x < kLeast ? Vector{} + kLeast : x;
  const Vector shifted = x * 1.44269504F + kRound;
  const Vector whole = shifted - kRound;
  const Vector rest = (x - whole * 0.693145752F) - whole * 1.42860677e-6F;  // ln(2) in two parts
  Vector value = rest * (1.0F / 720) + 1.0F / 120;
  value = value * rest + 1.0F / 24;
  value = value * rest + 1.0F / 6;
  value = value * rest + 0.5F;
  value = value * rest + 1.0F;
  value = value * rest + 1.0F;
  const Integers power = (__builtin_convertvector(whole, Integers) + 127) << 23;
  Vector factor;
  __builtin_memcpy(&factor, &power, sizeof(factor));
  return value * factor;
}

/// C [Rows, kTileCols] = A [Rows, depth] panel [depth, kTileCols].
template <std::int64_t Height>
inline __attribute__((always_inline)) void multiply_tile(const float* a, std::int64_t a_row,
                                                         const float* panel, std::int64_t depth, float* c,
                                                         std::int64_t c_row) {
  Vector left[Height] = {}, right[Height] = {};
  for (std::int64_t k = 0; k < depth; ++k, panel += kTileCols) {
    const Vector b_left = load(panel), b_right = load(panel + kLanes);
    for (std::int64_t r = 0; r < Height; ++r) {
      const float value = a[r * a_row + k];
      left[r] += value * b_left;
      right[r] += value * b_right;
    }
  }
  for (std::int64_t r = 0; r < Height; ++r) {
    store(c + r * c_row, left[r]);
    store(c + r * c_row + kLanes, right[r]);
  }
}

void multiply_rows(const float* a, std::int64_t a_row, std::int64_t rows, const float* panel,
                   std::int64_t depth, float* c, std::int64_t c_row) {
  if (rows == kTileRows) return multiply_tile<kTileRows>(a, a_row, panel, depth, c, c_row);
  for (std::int64_t r = 0; r < rows; ++r)
    multiply_tile<1>(a + r * a_row, a_row, panel, depth, c + r * c_row, c_row);
}

inline std::int64_t padded(std::int64_t count) { return (count + kTileCols - 1) / kTileCols * kTileCols; }

std::int64_t scratch(std::int64_t keys, std::int64_t head_width) {
  return padded(keys) * head_width + padded(head_width) * keys +
         kTileRows * (padded(keys) + padded(head_width));
}

/// scores[0..count) become their softmax without its denominator, which is returned; the rest up to `end`
/// becomes 0.
float soften(float* scores, std::int64_t count, std::int64_t end, float scale) {
  float most = scores[0];
  for (std::int64_t i = 1; i < count; ++i) most = scores[i] > most ? scores[i] : most;
  for (std::int64_t i = count; i < end; ++i) scores[i] = most;
  Vector total = {};
  for (std::int64_t i = 0; i < end; i += kLanes) {
    Vector value = exponential((load(scores + i) - most) * scale);
    if (i + kLanes > count) {
      for (std::int64_t j = count > i ? count - i : 0; j < kLanes; ++j) value[j] = 0;
    }
    total += value;
    store(scores + i, value);
  }
  return sum(total);
}

void attend(const Attention& head) {
  const std::int64_t keys = head.keys, width = head.head_width;
  const std::int64_t all_keys = padded(keys), all_cols = padded(width);
  float* const key_panels = head.scratch;  // ceil(keys / kTileCols) panels [width, kTileCols]
  float* const value_panels =
      key_panels + all_keys * width;                     // ceil(width / kTileCols) panels [keys, kTileCols]
  float* const scores = value_panels + all_cols * keys;  // [kTileRows, all_keys]
  float* const sums = scores + kTileRows * all_keys;     // [kTileRows, all_cols]
  for (std::int64_t first = 0; first < all_keys; first += kTileCols) {
    float* const panel = key_panels + first * width;
    for (std::int64_t j = 0; j < kTileCols; ++j) {
      const bool there = first + j < keys;
      const float* const key = head.key + (there ? first + j : 0) * head.key_row;
      for (std::int64_t k = 0; k < width; ++k) panel[k * kTileCols + j] = there ? key[k] : 0.0F;
    }
  }
  for (std::int64_t first = 0; first < all_cols; first += kTileCols) {
    float* const panel = value_panels + first * keys;
    for (std::int64_t k = 0; k < keys; ++k) {
      const float* const value = head.value + k * head.key_row + first;
      store(panel + k * kTileCols, load_some(value, width - first));
      store(panel + k * kTileCols + kLanes,
            width - first > kLanes ? load_some(value + kLanes, width - first - kLanes) : Vector{});
    }
  }
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(width));
  for (std::int64_t query = 0; query < head.queries; query += kTileRows) {
    const std::int64_t rows = head.queries - query < kTileRows ? head.queries - query : kTileRows;
    const std::int64_t seen = head.causal && query + rows < keys ? query + rows : keys;  // by the last row
    for (std::int64_t first = 0; first < seen; first += kTileCols) {
      multiply_rows(head.query + query * head.query_row, head.query_row, rows, key_panels + first * width,
                    width, scores + first, all_keys);
    }
    float denominators[kTileRows];
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t count = head.causal && query + r + 1 < keys ? query + r + 1 : keys;
      denominators[r] = soften(scores + r * all_keys, count, padded(seen), scale);
    }
    for (std::int64_t first = 0; first < all_cols; first += kTileCols) {
      multiply_rows(scores, all_keys, rows, value_panels + first * keys, seen, sums + first, all_cols);
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      const float factor = 1.0F / denominators[r];
      for (std::int64_t col = 0; col < width; col += kLanes)
        put(head.out, query + r, col, load(sums + r * all_cols + col) * factor, width - col);
    }
  }
}

}  // namespace

extern const TowerKernels TVR_TOWER_KERNELS;
const TowerKernels TVR_TOWER_KERNELS {
#if TVR_LANES == 16
  "avx512",
#elif TVR_LANES == 8
  "avx2",
#else
  "baseline",
#endif
      layer_norm, attend, scratch, copy
};

}  // namespace tvr
