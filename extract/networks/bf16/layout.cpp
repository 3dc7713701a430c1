#include "extract/networks/bf16/layout.h"

#ifdef __AMX_BF16__

namespace tvr::bf16 {
namespace {

using LooseLine __attribute__((vector_size(kLine), may_alias, aligned(2))) = std::uint64_t;

int most_rows(Unit unit) { return unit == Unit::Tiles ? kMostTileRows : kMostVectorRows; }

int reached(int source, int kernel, int stride, int padding) {
  return (source + 2 * padding - kernel) / stride + 1;
}
Box result_of(const Convolution& shape) {
  const Box &from = shape.source, &kernel = shape.kernel, &stride = shape.stride, &padding = shape.padding;
  return {reached(from.t, kernel.t, stride.t, padding.t), reached(from.y, kernel.y, stride.y, padding.y),
          reached(from.x, kernel.x, stride.x, padding.x)};
}

/// A 1 x 1 convolution is a matrix product: all its positions form one row.
bool is_product(const Convolution& shape) {
  const Box& padding = shape.padding;
  return volume(shape.kernel) == 1 && volume(shape.stride) == 1 && shape.groups == 1 &&
         padding.t + padding.y + padding.x == 0;
}

Grid product_grid(const Convolution& shape) {
  Grid grid;
  grid.result = {1, 1, volume(shape.source)};
  grid.pitch = grid.result.x;
  grid.position = of(shape.in) * sizeof(Bf16);
  grid.chunk = kLine;
  grid.is_source = true;
  grid.most_rows = most_rows(shape.unit);
  return grid;
}

Grid padded_grid(const Convolution& shape) {
  const Box &kernel = shape.kernel, &stride = shape.stride;
  Grid grid;
  grid.result = result_of(shape);
  grid.phases = {1, smaller(stride.y, kernel.y), smaller(stride.x, kernel.x)};
  grid.pitch = grid.result.x - 1 + parts_of(kernel.x, stride.x);
  if (reads_colors(shape)) {
    grid.phases.x = 1;
    grid.pitch = grid.result.x;
  }
  grid.rows = grid.result.y - 1 + parts_of(kernel.y, stride.y);
  grid.position = kLine;
  grid.plane = of(grid.rows) * of(grid.pitch) * kLine;
  grid.chunk = of(volume(grid.phases)) * grid.plane;
  grid.frame = of(chunks_of(shape)) * grid.chunk;
  grid.most_rows = most_rows(shape.unit);
  return grid;
}

}  // namespace

Grid grid_of(const Convolution& shape) {
  if (is_product(shape)) {
    const Grid grid = product_grid(shape);
    if (grid.positions() >= grid.block_positions()) return grid;  // else a block would read past the source
  }
  return padded_grid(shape);
}

void lay_steps(const Convolution& shape, const Grid& grid, std::ptrdiff_t* offsets) {
  for (int t = 0; t < shape.kernel.t; ++t) {
    for (int chunk = 0; chunk < chunks_of(shape); ++chunk) {
      for (int y = 0; y < shape.kernel.y; ++y) {
        for (int x = 0; x < columns_of(shape); ++x) {
          const int phase = y % shape.stride.y * grid.phases.x + x % shape.stride.x;
          const int position = y / shape.stride.y * grid.pitch + x / shape.stride.x;
          *offsets++ = static_cast<std::ptrdiff_t>(of(t) * grid.frame + of(chunk) * grid.chunk +
                                                   of(phase) * grid.plane + of(position) * grid.position);
        }
      }
    }
  }
}

void arrange(const Convolution& shape, const Grid& grid, const Bf16* source, std::byte* planes) {
  const Box &from = shape.source, &stride = shape.stride;
  const std::size_t row_values = of(from.x) * of(shape.in);
  for (int t = 0; t < from.t; ++t, source += of(from.y) * row_values) {
    for (int chunk = 0; chunk < chunks_of(shape); ++chunk) {
      for (int phase = 0; phase < volume(grid.phases); ++phase) {
        for (int row = 0; row < grid.rows; ++row) {
          const int y = row * stride.y + phase / grid.phases.x - shape.padding.y;
          const bool has_row = y >= 0 && y < from.y;
          const Bf16* const values = source + of(has_row ? y : 0) * row_values + of(chunk) * kDepth;
          int x = phase % grid.phases.x - shape.padding.x;
          for (int column = 0; column < grid.pitch; ++column, x += stride.x, planes += kLine) {
            const bool inside = has_row && x >= 0 && x < from.x;
            *reinterpret_cast<Line*>(planes) =
                inside ? *reinterpret_cast<const Line*>(values + of(x) * of(shape.in)) : Line{};
          }
        }
      }
    }
  }
}

std::size_t row_values(const Convolution& shape) {
  return of(kColors) * of(shape.source.x + 2 * shape.padding.x) + kDepth;
}

void arrange(const Convolution& shape, const Grid& grid, const float* source, std::byte* planes, Bf16* row) {
  const Box& from = shape.source;
  const std::size_t plane = of(volume(from));
  __builtin_memset(row, 0, row_values(shape) * sizeof(Bf16));
  for (int t = 0; t < from.t; ++t) {
    for (int phase = 0; phase < grid.phases.y; ++phase) {
      for (int i = 0; i < grid.rows; ++i) {
        const int y = i * shape.stride.y + phase - shape.padding.y;
        const bool has_row = y >= 0 && y < from.y;
        if (has_row) {
          const float* const values = source + (of(t) * of(from.y) + of(y)) * of(from.x);
          Bf16* const to = row + kColors * shape.padding.x;
          for (int x = 0; x < from.x; ++x) {
            for (int color = 0; color < kColors; ++color)
              to[kColors * x + color] = rounded(values[of(color) * plane + of(x)]);
          }
        }
        for (int x = 0; x < grid.result.x; ++x, planes += kLine) {
          *reinterpret_cast<Line*>(planes) =
              has_row ? reinterpret_cast<const LooseLine&>(row[kColors * shape.stride.x * x]) : Line{};
        }
      }
    }
  }
}

std::size_t panel_values(const Convolution& shape) {
  return of(shape.out / kPanel) * of(steps_of(shape)) * kStepBytes / sizeof(Bf16);
}

void pack(const Convolution& shape, const float* weights, Bf16* panels) {
  const Box& kernel = shape.kernel;
  const std::size_t cells = of(volume(kernel));
  const int group = shape.in / shape.groups;
  // Of the i-th input of a step; in a first convolution, the colours of each column, then padding.
  const auto weight = [&](int out, int chunk, int i, int t, int y, int x) {
    const int channel = reads_colors(shape) ? i % kColors : chunk * kDepth + i;
    const int column = reads_colors(shape) ? i / kColors : x;
    if (column >= kernel.x) return Bf16{0};
    const std::size_t cell = (of(t) * of(kernel.y) + of(y)) * of(kernel.x) + of(column);
    return rounded(weights[(of(out) * of(group) + of(channel)) * cells + cell]);
  };
  const auto pack_tile = [&](int first_out, int chunk, int t, int y, int x) {
    for (int pair = 0; pair < kDepth; pair += 2) {
      for (int out = first_out; out < first_out + kPanel / 2; ++out) {
        *panels++ = weight(out, chunk, pair, t, y, x);
        *panels++ = weight(out, chunk, pair + 1, t, y, x);
      }
    }
  };
  for (int out = 0; out < shape.out; out += kPanel) {
    for (int t = 0; t < kernel.t; ++t) {
      for (int chunk = 0; chunk < chunks_of(shape); ++chunk) {
        for (int y = 0; y < kernel.y; ++y) {
          for (int x = 0; x < columns_of(shape); ++x) {
            pack_tile(out, chunk, t, y, x);
            pack_tile(out + kPanel / 2, chunk, t, y, x);
          }
        }
      }
    }
  }
}

}  // namespace tvr::bf16

#else  // other architectures: no tiles, never called

namespace tvr::bf16 {

std::size_t panel_values(const Convolution& /*shape*/) { return 0; }
void pack(const Convolution& /*shape*/, const float* /*weights*/, Bf16* /*panels*/) {}

}  // namespace tvr::bf16

#endif
