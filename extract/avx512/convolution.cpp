#include "extract/avx512/convolution.h"

// This text alone is compiled for AVX-512: it includes nothing whose inline functions others use.
#include <utility>

namespace tvr::avx512 {
namespace {

using Vector __attribute__((vector_size(4 * kBlock), may_alias)) = float;

Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
Vector relu(Vector value) { return value > 0 ? value : Vector{}; }

/// Positions that one call of multiply() takes: with two vectors of results each, as many as there are
/// registers for besides the two of weights and one to spare.
constexpr int kMostPositions = 14;

std::size_t of(int value) { return static_cast<std::size_t>(value); }
int smaller(int a, int b) { return a < b ? a : b; }
int parts_of(int whole, int most) { return (whole + most - 1) / most; }

/// result [2, stride, 16] = source [depth / 16, stride, 16] times a panel [depth, 32], for some neighbouring
/// positions.
struct Tile {
  const float* source = nullptr;
  std::size_t source_stride = 0;  // floats between blocks of channels
  const float* panel = nullptr;
  int depth = 0;
  float* result = nullptr;
  std::size_t result_stride = 0;
  Epilogue epilogue;
  const float* ahead = nullptr;  // weights that are wanted soon, to be brought near: some with each block
  int ahead_lines = 0;           // cache lines a block
};

template <int kPositions>
void multiply(const Tile& tile) {
  Vector left[kPositions], right[kPositions];
  const bool has_bias = tile.epilogue.bias != nullptr;
  const Vector left_bias = has_bias ? load(tile.epilogue.bias) : Vector{};
  const Vector right_bias = has_bias ? load(tile.epilogue.bias + kBlock) : Vector{};
#pragma GCC unroll 14
  for (int p = 0; p < kPositions; ++p) {
    left[p] = left_bias;
    right[p] = right_bias;
  }
  const float* panel = tile.panel;
  const float* source = tile.source;
  const float* ahead = tile.ahead;
  for (int block = 0; block < tile.depth / kBlock; ++block, source += tile.source_stride) {
    for (int channel = 0; channel < kBlock; ++channel, panel += kPanel) {
      const Vector left_weights = load(panel), right_weights = load(panel + kBlock);
#pragma GCC unroll 14
      for (int p = 0; p < kPositions; ++p) {
        left[p] += source[p * kBlock + channel] * left_weights;
        right[p] += source[p * kBlock + channel] * right_weights;
      }
    }
    for (int line = 0; line < tile.ahead_lines; ++line, ahead += kBlock) __builtin_prefetch(ahead, 0, 2);
  }
  float* const result = tile.result;
  float* const second = tile.result + tile.result_stride;
  if (tile.epilogue.add_result) {
#pragma GCC unroll 14
    for (int p = 0; p < kPositions; ++p) {
      left[p] += load(result + p * kBlock);
      right[p] += load(second + p * kBlock);
    }
  }
  if (tile.epilogue.relu) {
#pragma GCC unroll 14
    for (int p = 0; p < kPositions; ++p) {
      left[p] = relu(left[p]);
      right[p] = relu(right[p]);
    }
  }
#pragma GCC unroll 14
  for (int p = 0; p < kPositions; ++p) {
    store(result + p * kBlock, left[p]);
    store(second + p * kBlock, right[p]);
  }
}

using Multiply = void (*)(const Tile&);
template <int... kLess>
Multiply multiply_for(int positions, std::integer_sequence<int, kLess...>) {
  static constexpr Multiply kAll[] = {multiply<kLess + 1>...};
  return kAll[positions - 1];
}

/// A panel with all positions; `tile` begins at the first. On the way the panel behind it is brought near.
void multiply_all(Tile tile, int positions) {
  const int parts = parts_of(positions, kMostPositions);
  const float* const source = tile.source;
  float* const result = tile.result;
  tile.ahead_lines = parts_of(kPanel, parts);  // all parts together bring one panel near
  const std::size_t ahead_step = of(tile.ahead_lines) * of(tile.depth);
  tile.ahead = tile.panel + of(tile.depth) * kPanel;
  for (int part = 0; part < parts; ++part, tile.ahead += ahead_step) {
    const int begin = static_cast<int>(static_cast<long long>(positions) * part / parts);
    const int end = static_cast<int>(static_cast<long long>(positions) * (part + 1) / parts);
    tile.source = source + of(begin) * kBlock;
    tile.result = result + of(begin) * kBlock;
    multiply_for(end - begin, std::make_integer_sequence<int, kMostPositions>())(tile);
  }
}

bool has_stride(const Pointwise& shape) { return shape.frame_stride > 1 || shape.stride > 1; }

int positions_of(const Pointwise& shape) {
  return parts_of(shape.frames, shape.frame_stride) * parts_of(shape.height, shape.stride) *
         parts_of(shape.width, shape.stride);
}

/// The positions that a strided convolution reads, one after the other.
void gather(const Pointwise& shape, const float* source, float* gathered) {
  const std::size_t row = of(shape.width) * kBlock, frame = of(shape.height) * row;
  for (int block = 0; block < shape.in / kBlock; ++block, source += of(shape.frames) * frame) {
    for (int t = 0; t < shape.frames; t += shape.frame_stride) {
      for (int y = 0; y < shape.height; y += shape.stride) {
        const float* const from = source + of(t) * frame + of(y) * row;
        for (int x = 0; x < shape.width; x += shape.stride, gathered += kBlock) {
          store(gathered, load(from + of(x) * kBlock));
        }
      }
    }
  }
}

// Winograd: letters as in the paper. d is 4 x 4 of the input, g a kernel, Y = A^T [(G g G^T) * (B^T d B)] A.

/// Rows of tiles that are transformed together: so many that the level-2 cache holds them.
int strip_rows(const Winograd& shape) {
  constexpr int kFloats = 320 << 10;
  const int columns = parts_of(shape.width, 2), rows = parts_of(shape.height, 2);
  const int fitting = kFloats / (kWinogradTerms * shape.in * columns);
  const int strips = parts_of(rows, fitting < 1 ? 1 : fitting);
  return parts_of(rows, strips);
}

struct Four {
  Vector v[4];
};
struct Two {
  Vector v[2];
};

/// B^T times a column of d.
Four transform_input(const Four& d) {
  return {{d.v[0] - d.v[2], d.v[1] + d.v[2], d.v[2] - d.v[1], d.v[1] - d.v[3]}};
}

/// Tiles of rows [first, first + rows) to terms [16, in / 16, rows * columns, 16].
void transform_input(const Winograd& shape, const float* source, int first, int rows, float* terms) {
  const int columns = parts_of(shape.width, 2), blocks = shape.in / kBlock;
  const std::size_t plane = of(shape.height) * of(shape.width) * kBlock;
  const std::size_t term = of(blocks) * of(rows) * of(columns) * kBlock;
  for (int block = 0; block < blocks; ++block, source += plane) {
    for (int row = first; row < first + rows; ++row) {
      for (int column = 0; column < columns; ++column, terms += kBlock) {
        Four by_column[4];
        for (int x = 0; x < 4; ++x) {
          Four d;
          const int at_x = 2 * column - 1 + x;
          for (int y = 0; y < 4; ++y) {
            const int at_y = 2 * row - 1 + y;
            const bool inside = at_x >= 0 && at_x < shape.width && at_y >= 0 && at_y < shape.height;
            d.v[y] = inside ? load(source + (of(at_y) * of(shape.width) + of(at_x)) * kBlock) : Vector{};
          }
          by_column[x] = transform_input(d);
        }
        for (int y = 0; y < 4; ++y) {
          const Four across = transform_input(
              Four{{by_column[0].v[y], by_column[1].v[y], by_column[2].v[y], by_column[3].v[y]}});
          for (int x = 0; x < 4; ++x) store(terms + of(4 * y + x) * term, across.v[x]);
        }
      }
    }
  }
}

/// A^T times a column of products.
Two transform_result(const Four& m) { return {{m.v[0] + m.v[1] + m.v[2], m.v[1] - m.v[2] - m.v[3]}}; }

/// Products [16, 2, rows * columns, 16] to two blocks of channels of the result.
void transform_result(const Winograd& shape, const float* products, int first, int rows,
                      const Epilogue& epilogue, float* result) {
  const int columns = parts_of(shape.width, 2);
  const std::size_t plane = of(shape.height) * of(shape.width) * kBlock;
  const std::size_t term = 2 * of(rows) * of(columns) * kBlock;
  for (int block = 0; block < 2; ++block, result += plane) {
    const Vector bias = load(epilogue.bias + block * kBlock);
    for (int row = first; row < first + rows; ++row) {
      for (int column = 0; column < columns; ++column, products += kBlock) {
        Two by_column[4];
        for (int x = 0; x < 4; ++x) {
          Four m;
          for (int y = 0; y < 4; ++y) m.v[y] = load(products + of(4 * y + x) * term);
          by_column[x] = transform_result(m);
        }
        for (int y = 0; y < 2 && 2 * row + y < shape.height; ++y) {
          const Two across = transform_result(
              Four{{by_column[0].v[y], by_column[1].v[y], by_column[2].v[y], by_column[3].v[y]}});
          float* const to = result + (of(2 * row + y) * of(shape.width) + of(2 * column)) * kBlock;
          for (int x = 0; x < 2 && 2 * column + x < shape.width; ++x) {
            Vector value = across.v[x] + bias;
            if (epilogue.add_result) value += load(to + x * kBlock);
            if (epilogue.relu) value = relu(value);
            store(to + x * kBlock, value);
          }
        }
      }
    }
  }
}

/// The value of one channel of each group in all lanes of its group.
template <int kGroup, int kChannel, int... kLane>
Vector spread(Vector value, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(value, value, (kLane / kGroup * kGroup + kChannel)...);
}

/// Sums of neighbouring positions of a row, for a block of channels.
template <int kPositions>
struct Row {
  Vector sums[kPositions];
  bool at_left = false, at_right = false;  // the picture ends there

  /// Adds one channel of each group, times three columns of the kernel. `source` is the first position's.
  template <int kGroup, int kChannel>
  void add(const float* source, const float* weights) {
    const Vector columns[3] = {load(weights), load(weights + kBlock), load(weights + 2 * kBlock)};
#pragma GCC unroll 16
    for (int from = -1; from <= kPositions; ++from) {
      if ((from == -1 && at_left) || (from == kPositions && at_right)) continue;
      const Vector value =
          spread<kGroup, kChannel>(load(source + from * kBlock), std::make_integer_sequence<int, kBlock>());
#pragma GCC unroll 3
      for (int column = 0; column < 3; ++column) {
        const int to = from + 1 - column;
        if (to >= 0 && to < kPositions) sums[to] += value * columns[column];
      }
    }
  }
  template <int kGroup, int... kChannel>
  void add_group(const float* source, const float* weights, std::integer_sequence<int, kChannel...>) {
    (add<kGroup, kChannel>(source, weights + kChannel * 3 * kBlock), ...);
  }
};

/// One block of channels in the positions [first, first + kPositions) of a row.
template <int kGroup, int kPositions>
void convolve_row(const Grouped& shape, int frame, int y, int first, const float* source, const float* panels,
                  const Epilogue& epilogue, float* result) {
  Row<kPositions> row;
  row.at_left = first == 0;
  row.at_right = first + kPositions == shape.width;
  for (Vector& sum : row.sums) sum = load(epilogue.bias);
  const auto place = [&](int t, int at_y) {
    return ((of(t) * of(shape.height) + of(at_y)) * of(shape.width) + of(first)) * kBlock;
  };
  for (int kt = 0; kt < 3; ++kt) {
    for (int ky = 0; ky < 3; ++ky, panels += kGroup * 3 * kBlock) {
      const int t = frame + kt - 1, at_y = y + ky - 1;
      if (t < 0 || t >= shape.frames || at_y < 0 || at_y >= shape.height) continue;
      row.template add_group<kGroup>(source + place(t, at_y), panels,
                                     std::make_integer_sequence<int, kGroup>());
    }
  }
  float* to = result + place(frame, y);
  for (const Vector sum : row.sums) {
    Vector value = sum;
    if (epilogue.add_result) value += load(to);
    store(to, epilogue.relu ? relu(value) : value);
    to += kBlock;
  }
}

using ConvolveRow = void (*)(const Grouped&, int, int, int, const float*, const float*, const Epilogue&,
                             float*);
template <int kGroup, int... kLess>
ConvolveRow convolve_row_for(int positions, std::integer_sequence<int, kLess...>) {
  static constexpr ConvolveRow kAll[] = {convolve_row<kGroup, kLess + 1>...};
  return kAll[positions - 1];
}

// The stem: F(2, 7) on the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity, made as Toom and Cook do (Blahut,
// Fast Algorithms for Signal Processing, 2010, chapter 5). Letters as above, each for the eight frames d, the
// seven g of a kernel and the two Y.

constexpr float kStemInput[kStemTerms][kStemTerms] = {  // B^T
    {-1, 0, 5.25F, 0, -5.25F, 0, 1, 0},        {0, 1, 1, -4.25F, -4.25F, 1, 1, 0},
    {0, -1, 1, 4.25F, -4.25F, -1, 1, 0},       {0, 0.5F, 0.25F, -2.5F, -1.25F, 2, 1, 0},
    {0, -0.5F, 0.25F, 2.5F, -1.25F, -2, 1, 0}, {0, 2, 4, -2.5F, -5, 0.5F, 1, 0},
    {0, -2, 4, 2.5F, -5, -0.5F, 1, 0},         {0, -1, 0, 5.25F, 0, -5.25F, 0, 1}};
constexpr float kStemResult[2][kStemTerms] = {  // A^T
    {1, 1, 1, 1, 1, 1, 1, 0},
    {0, 1, -1, 2, -2, 0.5F, -0.5F, 1}};

/// G g of one line of a kernel in time.
void transform_stem_weights(const double* g, double* terms) {
  constexpr double kPoints[] = {0, 1, -1, 2, -2, 0.5, -0.5};
  for (int term = 0; term < kStemKernel; ++term) {
    double value = 0, scale = 1;
    for (int t = kStemKernel - 1; t >= 0; --t) value = value * kPoints[term] + g[t];
    for (int other = 0; other < kStemKernel; ++other) {
      if (other != term) scale *= kPoints[term] - kPoints[other];
    }
    terms[term] = value / scale;
  }
  terms[kStemKernel] = g[kStemKernel - 1];
}

int stem_rows(const Stem& shape) { return (shape.height - 1) / 2 + 1; }  // of the result
int stem_columns(const Stem& shape) { return (shape.width - 1) / 2 + 1; }

/// A padded plane of a term and a colour.
struct StemPlane {
  std::size_t pitch = 0, floats = 0;
};
StemPlane stem_plane(const Stem& shape) {
  const std::size_t pitch = of(parts_of(shape.width + kStemKernel - 1, kBlock)) * kBlock;
  return {pitch, pitch * of(shape.height + kStemKernel - 1)};
}

/// B^T d for a Value's width of columns. `frames`: where these lie in d, null for zeros.
template <class Value>
void transform_stem_input(const float* const (&frames)[kStemTerms], std::size_t at, float* to,
                          std::size_t term_step) {
  Value d[kStemTerms];
#pragma GCC unroll 8
  for (int i = 0; i < kStemTerms; ++i) {
    d[i] = Value{};
    if (frames[i] != nullptr) __builtin_memcpy(&d[i], frames[i] + at, sizeof(Value));  // not aligned
  }
#pragma GCC unroll 8
  for (int term = 0; term < kStemTerms; ++term) {
    Value sum{};
#pragma GCC unroll 8
    for (int i = 0; i < kStemTerms; ++i) {
      if (kStemInput[term][i] != 0) sum += kStemInput[term][i] * d[i];
    }
    __builtin_memcpy(to + of(term) * term_step, &sum, sizeof(Value));
  }
}

/// B^T times the frames [first, first + 8), to planes [8, 3], whose borders are left alone.
void transform_stem_input(const Stem& shape, const float* source, int first, float* planes) {
  const StemPlane plane = stem_plane(shape);
  constexpr int kPadding = kStemKernel / 2;
  for (int color = 0; color < kStemColors; ++color) {
    for (int y = 0; y < shape.height; ++y) {
      const float* frames[kStemTerms] = {};
      for (int i = 0; i < kStemTerms; ++i) {
        const int frame = first + i;
        if (frame < 0 || frame >= shape.frames) continue;
        frames[i] = source + (of(color * shape.frames + frame) * of(shape.height) + of(y)) * of(shape.width);
      }
      float* const to = planes + of(color) * plane.floats + of(y + kPadding) * plane.pitch + kPadding;
      const std::size_t term_step = kStemColors * plane.floats;
      std::size_t x = 0;
      for (; x + kBlock <= of(shape.width); x += kBlock) {
        transform_stem_input<Vector>(frames, x, to + x, term_step);
      }
      for (; x < of(shape.width); ++x) transform_stem_input<float>(frames, x, to + x, term_step);
    }
  }
}

/// Adds a term's products at neighbouring positions of a row, [positions, kPanel] each, to both frames.
struct StemTile {
  const float* source = nullptr;  // what the kernel's first cell meets at the first position
  std::size_t pitch = 0, plane = 0;
  const float* panel = nullptr;
  int term = 0;
  float* sums[2] = {nullptr, nullptr};
};

template <int kPositions>
void multiply_stem(const StemTile& tile) {
  Vector left[kPositions] = {}, right[kPositions] = {};
  const float* panel = tile.panel;
  for (int color = 0; color < kStemColors; ++color) {
    for (int y = 0; y < kStemKernel; ++y) {
      const float* const row = tile.source + of(color) * tile.plane + of(y) * tile.pitch;
#pragma GCC unroll 1
      for (int x = 0; x < kStemKernel; ++x, panel += kPanel) {
        // Neighbouring x read the same numbers: kept in registers, they would drive the sums out of them.
        __asm__ volatile("" : : : "memory");
        const Vector left_weights = load(panel), right_weights = load(panel + kBlock);
#pragma GCC unroll 14
        for (int p = 0; p < kPositions; ++p) {
          left[p] += row[2 * p + x] * left_weights;
          right[p] += row[2 * p + x] * right_weights;
        }
      }
    }
  }
  for (int frame = 0; frame < 2; ++frame) {
    const float factor = kStemResult[frame][tile.term];
    float* const sums = tile.sums[frame];
    if (factor == 0) continue;
#pragma GCC unroll 14
    for (int p = 0; p < kPositions; ++p) {
      store(sums + p * kPanel, load(sums + p * kPanel) + factor * left[p]);
      store(sums + p * kPanel + kBlock, load(sums + p * kPanel + kBlock) + factor * right[p]);
    }
  }
}

template <int... kLess>
void (*multiply_stem_for(int positions, std::integer_sequence<int, kLess...>))(const StemTile&) {
  static constexpr void (*kAll[])(const StemTile&) = {multiply_stem<kLess + 1>...};
  return kAll[positions - 1];
}

/// A row of two frames of the result for a panel, to sums [2, columns, kPanel].
void convolve_stem_row(const Stem& shape, const float* planes, int y, const float* panel, float* sums) {
  const StemPlane plane = stem_plane(shape);
  const int columns = stem_columns(shape), parts = parts_of(columns, kMostPositions);
  const std::size_t frame_sums = of(columns) * kPanel;
  __builtin_memset(sums, 0, 2 * frame_sums * sizeof(float));
  StemTile tile;
  tile.pitch = plane.pitch;
  tile.plane = plane.floats;
  tile.panel = panel;
  for (tile.term = 0; tile.term < kStemTerms; ++tile.term) {
    const float* const row = planes + of(tile.term * kStemColors) * plane.floats + of(2 * y) * plane.pitch;
    for (int part = 0; part < parts; ++part) {
      const int begin = columns * part / parts, end = columns * (part + 1) / parts;
      tile.source = row + 2 * begin;
      tile.sums[0] = sums + of(begin) * kPanel;
      tile.sums[1] = tile.sums[0] + frame_sums;
      multiply_stem_for(end - begin, std::make_integer_sequence<int, kMostPositions>())(tile);
    }
    tile.panel += kStemColors * kStemKernel * kStemKernel * kPanel;
  }
}

}  // namespace

void pack_pointwise(const float* weights, int in, int out, float* panels) {
  for (int panel = 0; panel < out; panel += kPanel) {
    for (int channel = 0; channel < in; ++channel) {
      for (int lane = 0; lane < kPanel; ++lane) *panels++ = weights[of(panel + lane) * of(in) + of(channel)];
    }
  }
}

std::size_t scratch_floats(const Pointwise& shape) {
  return has_stride(shape) ? of(shape.in) * of(positions_of(shape)) : 0;
}

void convolve(const Pointwise& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* scratch) {
  if (has_stride(shape)) {
    gather(shape, source, scratch);
    source = scratch;
  }
  const int positions = positions_of(shape);
  const std::size_t plane = of(positions) * kBlock;
  Tile tile{source, plane, panels, shape.in, result, plane, epilogue};
  for (int channel = 0; channel < shape.out; channel += kPanel) {
    multiply_all(tile, positions);
    tile.panel += of(shape.in) * kPanel;
    tile.result += 2 * plane;
    tile.epilogue.bias += kPanel;
  }
}

void pack_winograd(const float* weights, int in, int out, float* panels) {
  const std::size_t term = of(in) * kPanel;
  for (int channel = 0; channel < out; ++channel) {
    float* const panel = panels + of(channel / kPanel) * kWinogradTerms * term + of(channel % kPanel);
    for (int from = 0; from < in; ++from, weights += 9) {
      double half[4][3];  // G g
      for (int x = 0; x < 3; ++x) {
        const double top = weights[x], middle = weights[3 + x], bottom = weights[6 + x];
        half[0][x] = top;
        half[1][x] = (top + middle + bottom) / 2;
        half[2][x] = (top - middle + bottom) / 2;
        half[3][x] = bottom;
      }
      for (int y = 0; y < 4; ++y) {
        const double left = half[y][0], middle = half[y][1], right = half[y][2];
        const double across[4] = {left, (left + middle + right) / 2, (left - middle + right) / 2, right};
        for (int x = 0; x < 4; ++x)
          panel[of(4 * y + x) * term + of(from) * kPanel] = static_cast<float>(across[x]);
      }
    }
  }
}

std::size_t scratch_floats(const Winograd& shape) {
  return of(kWinogradTerms) * of(shape.in + kPanel) * of(strip_rows(shape)) * of(parts_of(shape.width, 2));
}

void convolve(const Winograd& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* scratch) {
  const int rows_of_tiles = parts_of(shape.height, 2), columns = parts_of(shape.width, 2);
  const int strip = strip_rows(shape);
  const std::size_t plane = of(shape.height) * of(shape.width) * kBlock;
  for (int first = 0; first < rows_of_tiles; first += strip) {
    const int rows = smaller(strip, rows_of_tiles - first), tiles = rows * columns;
    const std::size_t row = of(tiles) * kBlock;  // of one block of channels
    float* const products = scratch + of(kWinogradTerms) * of(shape.in / kBlock) * row;
    transform_input(shape, source, first, rows, scratch);
    Tile tile{scratch, row, panels, shape.in, products, row, {}};
    Epilogue rest = epilogue;
    for (int channel = 0; channel < shape.out; channel += kPanel, rest.bias += kPanel) {
      for (int term = 0; term < kWinogradTerms; ++term, tile.panel += of(shape.in) * kPanel) {
        tile.source = scratch + of(term) * of(shape.in / kBlock) * row;
        tile.result = products + of(term) * 2 * row;
        multiply_all(tile, tiles);
      }
      transform_result(shape, products, first, rows, rest, result + of(channel / kBlock) * plane);
    }
  }
}

void pack_grouped(const float* weights, int channels, int group, float* panels) {
  constexpr int kRows = 9, kColumns = 3;
  for (int channel = 0; channel < channels; ++channel) {
    float* const panel =
        panels + of(channel / kBlock) * of(kRows * group * kColumns) * kBlock + channel % kBlock;
    for (int from = 0; from < group; ++from) {
      for (int row = 0; row < kRows; ++row) {
        for (int column = 0; column < kColumns; ++column) {
          panel[of((row * group + from) * kColumns + column) * kBlock] = *weights++;
        }
      }
    }
  }
}

std::size_t scratch_floats(const Grouped& /*shape*/) { return 0; }

void convolve(const Grouped& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* /*scratch*/) {
  const int parts = parts_of(shape.width, kMostPositions);
  const std::size_t plane = of(shape.frames) * of(shape.height) * of(shape.width) * kBlock;
  Epilogue rest = epilogue;
  for (int channel = 0; channel < shape.channels; channel += kBlock, rest.bias += kBlock) {
    for (int frame = 0; frame < shape.frames; ++frame) {
      for (int y = 0; y < shape.height; ++y) {
        for (int part = 0; part < parts; ++part) {
          const int begin = shape.width * part / parts, end = shape.width * (part + 1) / parts;
          constexpr auto kPositions = std::make_integer_sequence<int, kMostPositions>();
          const ConvolveRow row = shape.group == 4 ? convolve_row_for<4>(end - begin, kPositions)
                                                   : convolve_row_for<8>(end - begin, kPositions);
          row(shape, frame, y, begin, source, panels, rest, result);
        }
      }
    }
    source += plane;
    result += plane;
    panels += of(27 * shape.group) * kBlock;
  }
}

void pack_stem(const float* weights, int out, float* panels) {
  constexpr std::size_t kCells = kStemKernel * kStemKernel;  // of a frame of the kernel
  constexpr std::size_t kTerm = kStemColors * kCells * kPanel;
  for (int channel = 0; channel < out; ++channel) {
    float* const panel = panels + of(channel / kPanel) * kStemTerms * kTerm + of(channel % kPanel);
    for (int color = 0; color < kStemColors; ++color, weights += kStemKernel * kCells) {
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        double line[kStemKernel], terms[kStemTerms];
        for (int t = 0; t < kStemKernel; ++t) line[t] = weights[of(t) * kCells + cell];
        transform_stem_weights(line, terms);
        for (int term = 0; term < kStemTerms; ++term) {
          panel[of(term) * kTerm + (of(color) * kCells + cell) * kPanel] = static_cast<float>(terms[term]);
        }
      }
    }
  }
}

std::size_t scratch_floats(const Stem& shape) {
  return of(kStemTerms * kStemColors) * stem_plane(shape).floats + 2 * of(stem_columns(shape)) * kPanel;
}

void convolve(const Stem& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* scratch) {
  const int rows = stem_rows(shape), columns = stem_columns(shape);
  const std::size_t row = of(columns) * kBlock, frame = of(rows) * row, block = of(shape.frames) * frame;
  float* const sums = scratch + of(kStemTerms * kStemColors) * stem_plane(shape).floats;
  __builtin_memset(scratch, 0, of(kStemTerms * kStemColors) * stem_plane(shape).floats * sizeof(float));
  for (int t = 0; t < shape.frames; t += 2) {
    transform_stem_input(shape, source, t - kStemKernel / 2, scratch);
    for (int y = 0; y < rows; ++y) {
      const float* panel = panels;
      for (int channel = 0; channel < shape.out; channel += kPanel) {
        convolve_stem_row(shape, scratch, y, panel, sums);
        panel += kStemTerms * kStemColors * kStemKernel * kStemKernel * kPanel;
        const float* sum = sums;
        for (int second = 0; second < smaller(2, shape.frames - t); ++second) {
          float* to = result + of(channel / kBlock) * block + of(t + second) * frame + of(y) * row;
          for (int x = 0; x < columns; ++x, to += kBlock, sum += kPanel) {
            for (int half = 0; half < 2; ++half) {
              Vector value = load(sum + half * kBlock) + load(epilogue.bias + channel + half * kBlock);
              float* const at = to + of(half) * block;
              if (epilogue.add_result) value += load(at);
              store(at, epilogue.relu ? relu(value) : value);
            }
          }
        }
      }
    }
  }
}

}  // namespace tvr::avx512
