#include "extract/amx/convolution.h"

#ifdef __AMX_BF16__

// This text alone is compiled for AMX: it includes nothing whose inline functions others use.
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tvr::amx {
namespace {

constexpr int kMostRows = 16;                              // of a tile
constexpr std::size_t kLine = 64;                          // bytes of a tile's row, and of the cache's
constexpr std::size_t kTile = kMostRows * kLine;           // bytes
constexpr std::size_t kStepBytes = 2 * kTile;              // of weights: kDepth inputs, kPanel outputs
constexpr std::size_t kProducts = 2 * kMostRows * kPanel;  // floats of a block

using Floats __attribute__((vector_size(4 * kPanel / 2), may_alias)) = float;
using Words __attribute__((vector_size(4 * kPanel / 2), may_alias)) = std::uint32_t;
using Halves __attribute__((vector_size(kPanel), may_alias)) = std::uint16_t;
using Line __attribute__((vector_size(kLine), may_alias)) = std::uint64_t;
using LooseLine __attribute__((vector_size(kLine), may_alias, aligned(2))) = std::uint64_t;

std::size_t of(int value) { return static_cast<std::size_t>(value); }
int smaller(int a, int b) { return a < b ? a : b; }
int larger(int a, int b) { return a > b ? a : b; }
int parts_of(int whole, int most) { return (whole + most - 1) / most; }
int volume(const Box& box) { return box.t * box.y * box.x; }
std::size_t in_lines(std::size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

int reached(int source, int kernel, int stride, int padding) {
  return (source + 2 * padding - kernel) / stride + 1;
}
Box result_of(const Convolution& shape) {
  const Box &from = shape.source, &kernel = shape.kernel, &stride = shape.stride, &padding = shape.padding;
  return {reached(from.t, kernel.t, stride.t, padding.t), reached(from.y, kernel.y, stride.y, padding.y),
          reached(from.x, kernel.x, stride.x, padding.x)};
}

bool reads_colors(const Convolution& shape) { return shape.in == kColors; }

/// Of kDepth channels, in each group.
int chunks_of(const Convolution& shape) { return reads_colors(shape) ? 1 : shape.in / shape.groups / kDepth; }

/// How a tile finds its rows. Each position of a frame of the result has one in the source for each step of
/// its sum, and neighbours are equally far apart. Rows are `pitch` positions long; what lies behind the
/// result's width is computed for nothing.
struct Grid {
  Box result;
  int pitch = 0;
  std::size_t position = 0;  // bytes from one to the next
  std::size_t plane = 0;     // of the rows and columns that a cell of the kernel meets, a stride apart
  std::size_t chunk = 0;     // of all planes of kDepth channels
  std::size_t frame = 0;     // of all chunks
  int rows = 0;              // of a plane
  Box phases{1, 1, 1};       // planes a chunk: rows by columns
  bool is_source = false;    // the source lies like this: nothing is arranged

  [[nodiscard]] int positions() const { return (result.y - 1) * pitch + result.x; }
  /// Two tiles of positions are computed together: of this many rows each.
  [[nodiscard]] int tile_rows() const {
    return parts_of(positions(), 2 * parts_of(positions(), 2 * kMostRows));
  }
  [[nodiscard]] int block_positions() const { return 2 * tile_rows(); }
};

/// A 1 x 1 convolution is a product of two matrices: all its positions are one row.
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
  return grid;
}

Grid grid_of(const Convolution& shape) {
  if (is_product(shape)) {
    const Grid grid = product_grid(shape);
    if (grid.positions() >= grid.block_positions()) return grid;  // else a block would read behind the source
  }
  return padded_grid(shape);
}

/// Columns of the kernel that are steps of their own.
int columns_of(const Convolution& shape) { return reads_colors(shape) ? 1 : shape.kernel.x; }

/// Steps of kDepth inputs that a sum has.
int steps_of(const Convolution& shape) {
  return shape.kernel.t * chunks_of(shape) * shape.kernel.y * columns_of(shape);
}

/// Where each step of a sum reads, in bytes from where the first one would.
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

/// One group's channels as the grid wants them, with zeros around.
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

/// Rounded to the nearest, ties to even; there is no NaN among a network's input and weights.
Bf16 rounded(float value) {
  std::uint32_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return static_cast<Bf16>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U);
}

/// Values of a padded row of a picture, its colours side by side, and of what is read behind it.
std::size_t row_values(const Convolution& shape) {
  return of(kColors) * of(shape.source.x + 2 * shape.padding.x) + kDepth;
}

/// Pictures with zeros around; a line holds the columns under a kernel, and what follows them, which meets
/// zeros among the weights. `row` is room for row_values().
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

struct alignas(kLine) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t column_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Tiles: 0 to 3 the sums of two tiles of positions and two of outputs, 4 a source's, 5 the weights'.
void configure_tiles(int rows) {
  TileConfig config;
  for (int tile = 0; tile < 6; ++tile) {
    config.column_bytes[tile] = kLine;
    config.rows[tile] = static_cast<std::uint8_t>(tile == 5 ? kMostRows : rows);
  }
  _tile_loadconfig(&config);
}

Floats load(const float* from) { return *reinterpret_cast<const Floats*>(from); }
Floats load(const Bf16* from) {
  const Words words = __builtin_convertvector(*reinterpret_cast<const Halves*>(from), Words) << 16U;
  return reinterpret_cast<const Floats&>(words);
}
Floats relu(Floats value) { return value > 0 ? value : Floats{}; }

/// A block of sums that are yet to be stored.
struct Pending {
  const float* sums = nullptr;  // [positions, kPanel]
  int positions = 0;
  int x = 0;  // of the first in its row
  const float* bias = nullptr;
  Bf16* to = nullptr;  // of the first that is within the width
};

/// Where sums go.
struct Target {
  int width = 0, pitch = 0;  // of a row
  std::size_t out = 0;       // channels of a position
  void (*store_row)(const Target&, const Pending&, int count) = nullptr;
};

template <bool kAddResult, bool kRelu>
void store_row(const Target& target, const Pending& pending, int count) {
  constexpr int kHalf = kPanel / 2;
  const Floats left_bias = load(pending.bias), right_bias = load(pending.bias + kHalf);
  const float* sums = pending.sums;
  Bf16* to = pending.to;
  for (; count > 0; --count, sums += kPanel, to += target.out) {
    Floats left = load(sums) + left_bias, right = load(sums + kHalf) + right_bias;
    if (kAddResult) {
      left += load(to);
      right += load(to + kHalf);
    }
    if (kRelu) {
      left = relu(left);
      right = relu(right);
    }
    *reinterpret_cast<Line*>(to) = reinterpret_cast<Line>(_mm512_cvtne2ps_pbh(right, left));
  }
}

decltype(Target::store_row) store_row_for(const Epilogue& epilogue) {
  if (epilogue.add_result) return epilogue.relu ? store_row<true, true> : store_row<true, false>;
  return epilogue.relu ? store_row<false, true> : store_row<false, false>;
}

/// Stores up to `most` of them.
void store(const Target& target, Pending& pending, int most) {
  most = smaller(most, pending.positions);
  pending.positions -= most;
  while (most > 0) {
    const bool inside = pending.x < target.width;
    const int count = smaller(most, (inside ? target.width : target.pitch) - pending.x);
    if (inside) {
      target.store_row(target, pending, count);
      pending.to += of(count) * target.out;
    }
    pending.sums += of(count) * kPanel;
    pending.x += count;
    if (pending.x == target.pitch) pending.x = 0;
    most -= count;
  }
}

/// A block of positions times a panel.
struct Block {
  const std::byte* source = nullptr;
  std::size_t position = 0;  // bytes
  std::size_t second = 0;    // bytes from the first tile's positions to the second's
  const std::ptrdiff_t* offsets = nullptr;
  int steps = 0;
  const std::byte* weights = nullptr;
  const std::byte* ahead = nullptr;  // weights that are wanted soon
  int ahead_lines = 0;               // a step
};

/// sums [2 * rows, kPanel] = the block's; on the way those of the block `before` are stored, so that tiles
/// and vectors work side by side.
void multiply(const Block& block, int rows, float* sums, const Target& target, Pending& before) {
  const int stored = parts_of(before.positions, block.steps);
  const std::byte* weights = block.weights;
  const std::byte* ahead = block.ahead;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int step = 0; step < block.steps; ++step, weights += kStepBytes) {
    const std::byte* const source = block.source + block.offsets[step];
    _tile_loadd(4, source, block.position);
    _tile_loadd(5, weights, kLine);
    _tile_dpbf16ps(0, 4, 5);
    _tile_loadd(5, weights + kTile, kLine);
    _tile_dpbf16ps(1, 4, 5);
    _tile_loadd(4, source + block.second, block.position);
    _tile_dpbf16ps(3, 4, 5);
    _tile_loadd(5, weights, kLine);
    _tile_dpbf16ps(2, 4, 5);
    for (int line = 0; line < block.ahead_lines; ++line, ahead += kLine) __builtin_prefetch(ahead, 0, 2);
    store(target, before, stored);
  }
  constexpr std::size_t kStride = kPanel * sizeof(float);
  _tile_stored(0, sums, kStride);
  _tile_stored(1, sums + kPanel / 2, kStride);
  _tile_stored(2, sums + rows * kPanel, kStride);
  _tile_stored(3, sums + rows * kPanel + kPanel / 2, kStride);
}

}  // namespace

bool request_tiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // asm/prctl.h; XSAVE's component
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

std::size_t panel_values(const Convolution& shape) {
  return of(shape.out / kPanel) * of(steps_of(shape)) * kStepBytes / sizeof(Bf16);
}

void pack(const Convolution& shape, const float* weights, Bf16* panels) {
  const Box& kernel = shape.kernel;
  const std::size_t cells = of(volume(kernel));
  const int group = shape.in / shape.groups;
  // Of the i-th input of a step; a first convolution's are the colours of each column, then nothing.
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

namespace {

/// What convolve() keeps in its scratchpad, in bytes from its start.
struct Scratch {
  std::size_t row = 0, planes = 0, end = 0;
};
Scratch scratch_of(const Convolution& shape, const Grid& grid) {
  Scratch scratch;
  scratch.row = in_lines(of(steps_of(shape)) * sizeof(std::ptrdiff_t));
  scratch.planes = scratch.row + (reads_colors(shape) ? in_lines(row_values(shape) * sizeof(Bf16)) : 0);
  scratch.end = scratch.planes;
  if (grid.is_source) return scratch;
  // The last block reads some positions behind the last plane.
  scratch.end += of(shape.source.t) * grid.frame + 2 * kMostRows * kLine;
  return scratch;
}

/// A convolution at work.
class Work {
 public:
  Work(const Convolution& shape, const Bf16* panels, const Epilogue& epilogue, Bf16* result,
       std::byte* scratch)
      : shape_(shape),
        grid_(grid_of(shape)),
        scratch_(scratch_of(shape, grid_)),
        rows_(grid_.tile_rows()),
        panels_(reinterpret_cast<const std::byte*>(panels)),
        bias_(epilogue.bias),
        target_{grid_.result.x, grid_.pitch, of(shape.out), store_row_for(epilogue)},
        result_(result),
        memory_(scratch) {
    lay_steps(shape, grid_, offsets());
    block_.position = grid_.position;
    block_.second = of(rows_) * grid_.position;
    block_.offsets = offsets();
  }

  void operator()(const void* source) {
    configure_tiles(rows_);
    for (int group = 0; group < shape_.groups; ++group) {
      convolve_group(arranged(source, group), group * shape_.out / shape_.groups,
                     (group + 1) * shape_.out / shape_.groups);
    }
    store(target_, pending_, pending_.positions);
    _tile_release();
  }

 private:
  [[nodiscard]] std::ptrdiff_t* offsets() const { return reinterpret_cast<std::ptrdiff_t*>(memory_); }

  const std::byte* arranged(const void* source, int group) const {
    if (grid_.is_source) return static_cast<const std::byte*>(source);
    std::byte* const planes = memory_ + scratch_.planes;
    if (reads_colors(shape_)) {
      arrange(shape_, grid_, static_cast<const float*>(source), planes,
              reinterpret_cast<Bf16*>(memory_ + scratch_.row));
    } else {
      arrange(shape_, grid_, static_cast<const Bf16*>(source) + of(group) * of(shape_.in / shape_.groups),
              planes);
    }
    return planes;
  }

  /// Blocks of positions that are computed before the next weights are read: the level-2 cache holds what
  /// they read.
  [[nodiscard]] int strip_blocks(int blocks) const {
    constexpr std::size_t kStripBytes = 768 << 10;
    const int frames = grid_.is_source ? 1 : shape_.source.t;
    const std::size_t bytes =
        of(frames * chunks_of(shape_) * volume(grid_.phases) * grid_.block_positions()) * kLine;
    return smaller(blocks, larger(1, static_cast<int>(kStripBytes / bytes)));
  }

  void convolve_group(const std::byte* source, int first_out, int last_out) {
    const int blocks = parts_of(grid_.positions(), grid_.block_positions()), strip = strip_blocks(blocks);
    for (int first = 0; first < blocks; first += strip) {
      for (int out = first_out; out < last_out; out += kPanel) {
        for (int t = 0; t < grid_.result.t; ++t)
          convolve_strip(source, out, t, first, smaller(first + strip, blocks));
      }
    }
  }

  /// Blocks [first, last) of a frame of the result, for a panel of channels.
  void convolve_strip(const std::byte* source, int out, int t, int first, int last) {
    const int steps = steps_of(shape_), a_frame = steps / shape_.kernel.t;
    const int source_t = t * shape_.stride.t - shape_.padding.t;  // of the kernel's first frame
    const int begin = larger(0, -source_t), end = smaller(shape_.kernel.t, shape_.source.t - source_t);
    const std::byte* const frame = source + (grid_.is_source ? 0 : of(source_t + begin) * grid_.frame);
    const std::size_t panel_bytes = of(steps) * kStepBytes;
    const std::byte* const panel = panels_ + of(out / kPanel) * panel_bytes;
    block_.weights = panel + of(begin * a_frame) * kStepBytes;
    block_.steps = (end - begin) * a_frame;
    Bf16* const result = result_ + of(t * grid_.result.y * grid_.result.x) * of(shape_.out) + of(out);
    constexpr int kPanelLines = kStepBytes / kLine;
    const int lines = parts_of(kPanelLines, last - first);
    int done = first * grid_.block_positions();
    for (int i = first; i < last; ++i) {
      int at = i * grid_.block_positions();
      // Nothing may be read behind the source: the last block begins in the one before.
      if (grid_.is_source) at = smaller(at, grid_.positions() - grid_.block_positions());
      block_.source = frame + of(at) * grid_.position;
      block_.ahead_lines = (i - first) * lines < kPanelLines ? lines : 0;
      block_.ahead = panel + panel_bytes + of((i - first) * lines * block_.steps) * kLine;
      float* const sums = sums_[turn_];
      turn_ = 1 - turn_;
      multiply(block_, rows_, sums, target_, pending_);
      store(target_, pending_, pending_.positions);
      const int y = done / grid_.pitch, x = done % grid_.pitch;
      pending_.sums = sums + of(done - at) * kPanel;
      pending_.positions = smaller(at + grid_.block_positions(), grid_.positions()) - done;
      pending_.x = x;
      pending_.bias = bias_ + out;
      pending_.to = result + of(y * grid_.result.x + smaller(x, grid_.result.x)) * of(shape_.out);
      done += pending_.positions;
    }
  }

  const Convolution& shape_;
  Grid grid_;
  Scratch scratch_;
  int rows_;  // of a tile
  const std::byte* panels_;
  const float* bias_;
  Target target_;
  Bf16* result_;
  std::byte* memory_;
  Block block_;
  Pending pending_;
  alignas(kLine) float sums_[2][kProducts];
  int turn_ = 0;
};

}  // namespace

std::size_t scratch_bytes(const Convolution& shape) { return scratch_of(shape, grid_of(shape)).end; }

void convolve(const Convolution& shape, const void* source, const Bf16* panels, const Epilogue& epilogue,
              Bf16* result, void* scratch) {
  Work(shape, panels, epilogue, result, static_cast<std::byte*>(scratch))(source);
}

}  // namespace tvr::amx

#else  // another kind of processor: no tiles, and nobody asks for more

namespace tvr::amx {

bool request_tiles() { return false; }
std::size_t panel_values(const Convolution& /*shape*/) { return 0; }
void pack(const Convolution& /*shape*/, const float* /*weights*/, Bf16* /*panels*/) {}
std::size_t scratch_bytes(const Convolution& /*shape*/) { return 0; }
void convolve(const Convolution& /*shape*/, const void* /*source*/, const Bf16* /*panels*/,
              const Epilogue& /*epilogue*/, Bf16* /*result*/, void* /*scratch*/) {}

}  // namespace tvr::amx

#endif
