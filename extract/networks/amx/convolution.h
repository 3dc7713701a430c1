#pragma once

#include <cstddef>
#include <cstdint>

#include "extract/networks/epilogue.h"

/// Convolutions in bfloat16 for AMX, with sums in float32: all of ResNet-152 and ResNeXt-101.
///
/// Why not oneDNN's: its kernels use all eight tile registers, and while another hardware thread uses the
/// same core there are two left to rename them with: each instruction then waits for the one before. These
/// use six. With the core to themselves both are about equally fast; else these take half the time
/// (tvr_convolution_bench, docs/EXTRACTION.md).
///
/// Activations lie channels last: [positions, channels], one picture or clip. Everything is summed in one
/// order that depends on the shapes alone, on the calling thread.
namespace tvr::amx {

using Bf16 = std::uint16_t;

constexpr int kDepth = 32;  // input channels that a tile's row holds
constexpr int kPanel = 32;  // output channels that are computed together

/// Frames, rows, columns.
struct Box {
  int t = 1, y = 1, x = 1;
};

struct Convolution {
  int in = 0, out = 0;  // channels: multiples of kDepth and kPanel in each group; or in is kColors
  int groups = 1;
  Box source, kernel, stride;
  Box padding{0, 0, 0};
};

/// The first convolution reads pictures: float32 planes [kColors, frames, rows, columns], as the network's
/// input is. The columns under its kernel are a tile's row.
constexpr int kColors = 3;
constexpr int kMostColumns = kDepth / kColors;  // of such a kernel

/// Asks the system for the tile registers of AMX, for the whole process; false where it has none to give. To
/// be called once before convolve().
bool request_tiles();

/// Values of all panels of a convolution.
std::size_t panel_values(const Convolution& shape);
/// weights [out, in / groups, kernel] as panels [out / kPanel, kernel.t, in / groups / kDepth, kernel.y,
/// kernel.x, 2, kDepth / 2, kPanel / 2, 2]; a first convolution's [out / kPanel, kernel.t, kernel.y, 2,
/// kDepth / 2, kPanel / 2, 2]. Rounded to the nearest, ties to even.
void pack(const Convolution& shape, const float* weights, Bf16* panels);

/// Bytes of scratchpad that convolve() wants.
std::size_t scratch_bytes(const Convolution& shape);
/// Everything but the shape is aligned to 64 bytes. `source` is Bf16, or a first convolution's float.
void convolve(const Convolution& shape, const void* source, const Bf16* panels, const Epilogue& epilogue,
              Bf16* result, void* scratch);

}  // namespace tvr::amx
