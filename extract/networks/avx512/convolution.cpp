#include "extract/networks/avx512/convolution.h"

// Compiled for AVX-512: must not include inline functions that other translation units use.
#include <utility>

#include "extract/networks/avx512/vector.h"

namespace tvr::avx512 {
namespace {

/// result [2, stride, 16] = source [depth / 16, stride, 16] times a panel [depth, 32], for a few neighbouring
/// positions.
struct Tile {
  const float* source = nullptr;
  std::size_t source_stride = 0;  // floats between blocks of channels
  const float* panel = nullptr;
  int depth = 0;
  float* result = nullptr;
  std::size_t result_stride = 0;
  Epilogue epilogue;
  const float* ahead = nullptr;  // weights to prefetch, some with each block
  int ahead_lines = 0;           // cache lines per block
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

/// Multiplies a panel with all positions; `tile` starts at the first. Prefetches the next panel meanwhile.
void multiply_all(Tile tile, int positions) {
  const int parts = parts_of(positions, kMostPositions);
  const float* const source = tile.source;
  float* const result = tile.result;
  tile.ahead_lines = parts_of(kPanel, parts);  // all parts together prefetch one panel
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

/// Gathers the positions that a strided convolution reads.
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

// Winograd, in the paper's notation: d is 4 x 4 of the input, g a kernel, Y = A^T [(G g G^T) * (B^T d B)] A.

/// Rows of tiles transformed together: as many as fit in the L2 cache.
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

/// Broadcasts one channel of each group to all vector lanes of its group.
template <int kGroup, int kChannel, int... kLane>
Vector spread(Vector value, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(value, value, (kLane / kGroup * kGroup + kChannel)...);
}

/// Sums of neighbouring positions in a row, for a block of channels.
template <int kPositions>
struct Row {
  Vector sums[kPositions];
  bool at_left = false, at_right = false;  // the image ends there

  /// Adds one channel of each group times three kernel columns. `source` is the first position's.
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

/// One block of channels at the positions [first, first + kPositions) of a row.
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
    const std::size_t row = of(tiles) * kBlock;  // per block of channels
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

}  // namespace tvr::avx512
