#pragma once

#include "extract/networks/bf16/convolution.h"

/// Memory layout of a convolution's source and weights. For the files of this folder only: they are compiled
/// for AMX and AVX512_BF16, so no other translation unit may get their inline functions.
namespace tvr::bf16 {

constexpr std::size_t kLine = 64;  // bytes per tile row, register and cache line
constexpr int kMostTileRows = 16;
/// Positions whose sums fit into the registers, two each, beside two of weights and two of the source.
constexpr int kMostVectorRows = 14;
constexpr std::size_t kTile = kDepth / 2 * kLine;  // bytes: kDepth inputs of half a panel
constexpr std::size_t kStepBytes = 2 * kTile;      // weights per step: kDepth inputs, kPanel outputs

using Line __attribute__((vector_size(kLine), may_alias)) = std::uint64_t;

inline std::size_t of(int value) { return static_cast<std::size_t>(value); }
inline int smaller(int a, int b) { return a < b ? a : b; }
inline int larger(int a, int b) { return a > b ? a : b; }
inline int parts_of(int whole, int most) { return (whole + most - 1) / most; }
inline int volume(const Box& box) { return box.t * box.y * box.x; }
inline std::size_t in_lines(std::size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

/// Rounds to nearest, ties to even; a network's input and weights hold no NaN.
inline Bf16 rounded(float value) {
  std::uint32_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return static_cast<Bf16>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U);
}

inline bool reads_colors(const Convolution& shape) { return shape.in == kColors; }

/// Chunks of kDepth input channels per group.
inline int chunks_of(const Convolution& shape) {
  return reads_colors(shape) ? 1 : shape.in / shape.groups / kDepth;
}

/// Addressing of a block's rows. For each step of its sum, a position of the result reads one position of the
/// source, at a constant distance from that of its neighbour. Rows are `pitch` positions long; results beyond
/// the result's width are computed and discarded.
struct Grid {
  Box result;
  int pitch = 0;
  std::size_t position = 0;  // bytes per position
  std::size_t plane = 0;     // bytes per plane: rows and columns read by a kernel cell, a stride apart
  std::size_t chunk = 0;     // bytes per chunk: the planes of kDepth channels
  std::size_t frame = 0;     // bytes per frame: all chunks
  int rows = 0;              // per plane
  Box phases{1, 1, 1};       // planes per chunk: rows by columns
  bool is_source = false;    // the source has this layout already: no copy is made
  int most_rows = 0;         // positions computed together, at most: a block has two such tiles

  [[nodiscard]] int positions() const { return (result.y - 1) * pitch + result.x; }
  /// Positions of a tile, about as many in all.
  [[nodiscard]] int tile_rows() const {
    return parts_of(positions(), 2 * parts_of(positions(), 2 * most_rows));
  }
  [[nodiscard]] int block_positions() const { return 2 * tile_rows(); }
};

/// The source itself if its layout fits, otherwise padded planes filled by arrange().
Grid grid_of(const Convolution& shape);

/// Kernel columns that are separate steps.
inline int columns_of(const Convolution& shape) { return reads_colors(shape) ? 1 : shape.kernel.x; }

/// Number of steps of kDepth inputs per sum.
inline int steps_of(const Convolution& shape) {
  return shape.kernel.t * chunks_of(shape) * shape.kernel.y * columns_of(shape);
}

/// Source offset of each step, in bytes relative to the first.
void lay_steps(const Convolution& shape, const Grid& grid, std::ptrdiff_t* offsets);

/// Copies one group's channels into the grid's layout, with zero padding.
void arrange(const Convolution& shape, const Grid& grid, const Bf16* source, std::byte* planes);

/// Number of values in a padded row of an image with interleaved colours, including what is read past its
/// end.
std::size_t row_values(const Convolution& shape);
/// Images with zero padding; each line holds the columns under a kernel position, and further columns, whose
/// weights are zero. `row` is scratch space of row_values().
void arrange(const Convolution& shape, const Grid& grid, const float* source, std::byte* planes, Bf16* row);

}  // namespace tvr::bf16
