#include "extract/networks/bf16/convolution.h"

#ifdef __AMX_BF16__

// Compiled for AMX and AVX512_BF16, like layout.cpp: must not include inline functions that other translation
// units use.
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "extract/networks/bf16/layout.h"

namespace tvr::bf16 {
namespace {

constexpr std::size_t kProducts = 2 * kMostTileRows * kPanel;  // floats per block, at most

using Floats __attribute__((vector_size(4 * kPanel / 2), may_alias)) = float;
using Words __attribute__((vector_size(4 * kPanel / 2), may_alias)) = std::uint32_t;
using Halves __attribute__((vector_size(kPanel), may_alias)) = std::uint16_t;

struct alignas(kLine) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t column_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Tile registers: 0 to 3 are accumulators (two tiles of positions by two of output channels), 4 source, 5
// weights.
void configure_tiles(int rows) {
  TileConfig config;
  for (int tile = 0; tile < 6; ++tile) {
    config.column_bytes[tile] = kLine;
    config.rows[tile] = static_cast<std::uint8_t>(tile == 5 ? kDepth / 2 : rows);
  }
  _tile_loadconfig(&config);
}

Floats load(const float* from) { return *reinterpret_cast<const Floats*>(from); }
Floats load(const Bf16* from) {
  const Words words = __builtin_convertvector(*reinterpret_cast<const Halves*>(from), Words) << 16U;
  return reinterpret_cast<const Floats&>(words);
}
Floats relu(Floats value) { return value > 0 ? value : Floats{}; }

__m512bh load_pairs(const std::byte* from) { return reinterpret_cast<__m512bh>(_mm512_load_si512(from)); }

/// A block of sums waiting to be stored.
struct Pending {
  const float* sums = nullptr;  // [positions, kPanel]
  int positions = 0;
  int x = 0;  // column of the first position
  const float* bias = nullptr;
  Bf16* to = nullptr;  // where the first position within the width goes
};

/// Where sums are stored.
struct Target {
  int width = 0, pitch = 0;  // of a row
  std::size_t out = 0;       // channels per position
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

/// Stores up to `most` positions.
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

/// A block of positions to multiply by a weight panel.
struct Block {
  const std::byte* source = nullptr;
  std::size_t position = 0;  // stride in bytes
  std::size_t second = 0;    // bytes from the first tile's positions to the second's
  const std::ptrdiff_t* offsets = nullptr;
  int steps = 0;
  int pairs = kDepth / 2;  // of a step's inputs; the weights of any further ones are zero
  const std::byte* weights = nullptr;
  const std::byte* ahead = nullptr;  // weights to prefetch
  int ahead_lines = 0;               // per step
};

/// sums [2 * rows, kPanel] = the block's; meanwhile stores the sums of the block `before`, so that tile and
/// vector units work in parallel.
void multiply_tiles(const Block& block, int rows, float* sums, const Target& target, Pending& before) {
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

/// sums [kRows, kPanel] = a tile's, whose first position is at `from`. The sums stay in registers: per pair
/// of inputs two loads of weights and one of each position, which every lane gets.
template <int kRows>
void multiply_rows(const Block& block, const std::byte* from, float* sums) {
  constexpr int kAPointer = 3;  // rows: what one register and a stride can address
  constexpr int kPointers = (kRows + kAPointer - 1) / kAPointer;
  __m512 left[kRows], right[kRows];
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) left[row] = right[row] = _mm512_setzero_ps();
  const std::byte* weights = block.weights;
  for (int step = 0; step < block.steps; ++step) {
    const std::byte* rows[kPointers];
    for (int i = 0; i < kPointers; ++i)
      rows[i] = from + block.offsets[step] + of(i * kAPointer) * block.position;
    for (int pair = 0; pair < block.pairs; ++pair) {
      const auto left_weights = load_pairs(weights + of(pair) * kLine),
                 right_weights = load_pairs(weights + kTile + of(pair) * kLine);
#pragma GCC unroll 16
      for (int row = 0; row < kRows; ++row) {
        const std::byte* const at = rows[row / kAPointer] + of(row % kAPointer) * block.position;
        int two = 0;
        __builtin_memcpy(&two, at + of(pair) * sizeof two, sizeof two);
        const auto value = reinterpret_cast<__m512bh>(_mm512_set1_epi32(two));
        left[row] = _mm512_dpbf16_ps(left[row], value, left_weights);
        right[row] = _mm512_dpbf16_ps(right[row], value, right_weights);
      }
    }
    weights += kStepBytes;
  }
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
    _mm512_store_ps(sums + row * kPanel, left[row]);
    _mm512_store_ps(sums + row * kPanel + kPanel / 2, right[row]);
  }
}

using MultiplyRows = void (*)(const Block&, const std::byte*, float*);
template <int kRows = kMostVectorRows>
MultiplyRows multiply_rows_for(int rows) {
  if constexpr (kRows == 1) {
    return multiply_rows<1>;
  } else {
    return rows == kRows ? multiply_rows<kRows> : multiply_rows_for<kRows - 1>(rows);
  }
}

/// The same with AVX-512 registers, which store the block before, too: first.
void multiply_vectors(const Block& block, int rows, float* sums, const Target& target, Pending& before) {
  store(target, before, before.positions);
  const std::byte* ahead = block.ahead;
  for (int line = 0; line < block.ahead_lines * block.steps; ++line, ahead += kLine)
    __builtin_prefetch(ahead, 0, 2);
  const MultiplyRows multiply = multiply_rows_for(rows);
  multiply(block, block.source, sums);
  multiply(block, block.source + block.second, sums + of(rows) * kPanel);
}

}  // namespace

bool request_tiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // asm/prctl.h; XSAVE's component
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

namespace {

/// Layout of convolve()'s scratchpad: byte offsets.
struct Scratch {
  std::size_t row = 0, planes = 0, end = 0;
};
Scratch scratch_of(const Convolution& shape, const Grid& grid) {
  Scratch scratch;
  scratch.row = in_lines(of(steps_of(shape)) * sizeof(std::ptrdiff_t));
  scratch.planes = scratch.row + (reads_colors(shape) ? in_lines(row_values(shape) * sizeof(Bf16)) : 0);
  scratch.end = scratch.planes;
  if (grid.is_source) return scratch;
  // The last block reads some positions past the last plane.
  scratch.end += of(shape.source.t) * grid.frame + 2 * kMostTileRows * kLine;
  return scratch;
}

/// A convolution in progress.
class Work {
 public:
  Work(const Convolution& shape, const Bf16* panels, const Epilogue& epilogue, Bf16* result,
       std::byte* scratch)
      : shape_(shape),
        grid_(grid_of(shape)),
        scratch_(scratch_of(shape, grid_)),
        rows_(grid_.tile_rows()),
        multiply_(shape.unit == Unit::Tiles ? multiply_tiles : multiply_vectors),
        panels_(reinterpret_cast<const std::byte*>(panels)),
        bias_(epilogue.bias),
        target_{grid_.result.x, grid_.pitch, of(shape.out), store_row_for(epilogue)},
        result_(result),
        memory_(scratch) {
    lay_steps(shape, grid_, offsets());
    block_.position = grid_.position;
    block_.second = of(rows_) * grid_.position;
    block_.offsets = offsets();
    if (reads_colors(shape)) block_.pairs = parts_of(kColors * shape.kernel.x, 2);
  }

  void operator()(const void* source) {
    const bool tiles = shape_.unit == Unit::Tiles;
    if (tiles) configure_tiles(rows_);
    for (int group = 0; group < shape_.groups; ++group) {
      convolve_group(arranged(source, group), group * shape_.out / shape_.groups,
                     (group + 1) * shape_.out / shape_.groups);
    }
    store(target_, pending_, pending_.positions);
    if (tiles) _tile_release();
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

  /// Blocks of positions per pass over the weights: what they read fits in the L2 cache.
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

  /// Blocks [first, last) of a frame of the result, for one panel of channels.
  void convolve_strip(const std::byte* source, int out, int t, int first, int last) {
    const int steps = steps_of(shape_), a_frame = steps / shape_.kernel.t;
    const int source_t = t * shape_.stride.t - shape_.padding.t;  // the kernel's first frame
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
      // Must not read past the source: the last block overlaps the one before.
      if (grid_.is_source) at = smaller(at, grid_.positions() - grid_.block_positions());
      block_.source = frame + of(at) * grid_.position;
      block_.ahead_lines = (i - first) * lines < kPanelLines ? lines : 0;
      block_.ahead = panel + panel_bytes + of((i - first) * lines * block_.steps) * kLine;
      float* const sums = sums_[turn_];
      turn_ = 1 - turn_;
      multiply_(block_, rows_, sums, target_, pending_);
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
  int rows_;  // per tile
  decltype(&multiply_tiles) multiply_;
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

}  // namespace tvr::bf16

#else  // other architectures: no tiles, never called

namespace tvr::bf16 {

bool request_tiles() { return false; }
std::size_t scratch_bytes(const Convolution& /*shape*/) { return 0; }
void convolve(const Convolution& /*shape*/, const void* /*source*/, const Bf16* /*panels*/,
              const Epilogue& /*epilogue*/, Bf16* /*result*/, void* /*scratch*/) {}

}  // namespace tvr::bf16

#endif
