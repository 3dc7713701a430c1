#pragma once

#include "extract/networks/amx/convolution.h"

/// How a convolution's source and weights lie for the tiles. For the files of this folder alone: they are
/// compiled for AMX, and nobody else may be given their inline functions.
namespace tvr::amx {

constexpr int kMostRows = 16;                     // of a tile
constexpr std::size_t kLine = 64;                 // bytes of a tile's row, and of the cache's
constexpr std::size_t kTile = kMostRows * kLine;  // bytes
constexpr std::size_t kStepBytes = 2 * kTile;     // of weights: kDepth inputs, kPanel outputs

using Line __attribute__((vector_size(kLine), may_alias)) = std::uint64_t;

inline std::size_t of(int value) { return static_cast<std::size_t>(value); }
inline int smaller(int a, int b) { return a < b ? a : b; }
inline int larger(int a, int b) { return a > b ? a : b; }
inline int parts_of(int whole, int most) { return (whole + most - 1) / most; }
inline int volume(const Box& box) { return box.t * box.y * box.x; }
inline std::size_t in_lines(std::size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

inline bool reads_colors(const Convolution& shape) { return shape.in == kColors; }

/// Of kDepth channels, in each group.
inline int chunks_of(const Convolution& shape) {
  return reads_colors(shape) ? 1 : shape.in / shape.groups / kDepth;
}

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

/// The source itself where that serves, else padded planes that arrange() fills.
Grid grid_of(const Convolution& shape);

/// Columns of the kernel that are steps of their own.
inline int columns_of(const Convolution& shape) { return reads_colors(shape) ? 1 : shape.kernel.x; }

/// Steps of kDepth inputs that a sum has.
inline int steps_of(const Convolution& shape) {
  return shape.kernel.t * chunks_of(shape) * shape.kernel.y * columns_of(shape);
}

/// Where each step of a sum reads, in bytes from where the first one would.
void lay_steps(const Convolution& shape, const Grid& grid, std::ptrdiff_t* offsets);

/// One group's channels as the grid wants them, with zeros around.
void arrange(const Convolution& shape, const Grid& grid, const Bf16* source, std::byte* planes);

/// Values of a padded row of a picture, its colours side by side, and of what is read behind it.
std::size_t row_values(const Convolution& shape);
/// Pictures with zeros around; a line holds the columns under a kernel, and what follows them, which meets
/// zeros among the weights. `row` is room for row_values().
void arrange(const Convolution& shape, const Grid& grid, const float* source, std::byte* planes, Bf16* row);

}  // namespace tvr::amx
