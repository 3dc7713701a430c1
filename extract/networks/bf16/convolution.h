#pragma once

#include <cstddef>
#include <cstdint>

#include "extract/networks/epilogue.h"

/// Convolutions in bfloat16, accumulating in float32: for AMX all of ResNet-152 and ResNeXt-101, for
/// AVX512_BF16 those that oneDNN does not do well.
///
/// Why not oneDNN's: its AMX kernels use all eight tile registers. While another hardware thread uses the
/// same core, only two physical registers remain for renaming, so each instruction waits for the one before.
/// These kernels use six. With the core to themselves both are about equally fast; otherwise these take half
/// the time. By AVX512_BF16 oneDNN's are up to 1.2 times as fast as convolve() below; about as fast in a
/// first convolution, whose source they need unfolded; and 1.2 to 4.7 times as slow as SmallGroups
/// (tvr_convolution_bench, docs/EXTRACTION.md).
///
/// Activations are channels last: [positions, channels] of one image or clip. Sums are computed on the
/// calling thread in an order that depends on the shapes and the unit alone; the two units add the even and
/// the odd inputs of a step in different orders, so that their results differ in the last place.
namespace tvr::bf16 {

using Bf16 = std::uint16_t;

/// What multiplies: AMX tiles, or AVX-512 registers (vdpbf16ps).
enum class Unit { Tiles, Vectors };

constexpr int kDepth = 32;  // input channels per step of a sum
constexpr int kPanel = 32;  // output channels computed together

/// Frames, rows, columns.
struct Box {
  int t = 1, y = 1, x = 1;
};

struct Convolution {
  int in = 0, out = 0;  // channels: multiples of kDepth and kPanel per group; or in is kColors
  int groups = 1;
  Box source, kernel, stride;
  Box padding{0, 0, 0};
  Unit unit = Unit::Tiles;
};

/// The first convolution reads images: float32 planes [kColors, frames, rows, columns], like the network's
/// input. The columns under its kernel form a step.
constexpr int kColors = 3;
constexpr int kMostColumns = kDepth / kColors;  // of such a kernel

/// Requests permission for the AMX tile registers, for the whole process; false if the system refuses. Call
/// once before convolve() with Unit::Tiles.
bool request_tiles();

/// Number of values in all panels of a convolution.
std::size_t panel_values(const Convolution& shape);
/// Packs weights [out, in / groups, kernel] into panels [out / kPanel, kernel.t, in / groups / kDepth,
/// kernel.y, kernel.x, 2, kDepth / 2, kPanel / 2, 2]; a first convolution's into [out / kPanel, kernel.t,
/// kernel.y, 2, kDepth / 2, kPanel / 2, 2]. Rounds to nearest, ties to even.
void pack(const Convolution& shape, const float* weights, Bf16* panels);

/// Bytes of scratchpad that convolve() needs.
std::size_t scratch_bytes(const Convolution& shape);
/// All pointers are aligned to 64 bytes. `source` is Bf16, or float for a first convolution.
void convolve(const Convolution& shape, const void* source, const Bf16* panels, const Epilogue& epilogue,
              Bf16* result, void* scratch);

/// A 3 x 3 x 3 convolution with padding 1 and stride 1 in groups of few channels, by AVX512_BF16: as many
/// channels and positions as its source has. It multiplies within each group alone, where convolve() above
/// would read 32 channels.
struct SmallGroups {
  int channels = 0;  // a multiple of kBlock
  int group = 0;     // channels of each: 4, 8 or 16
  Box source;
};
constexpr int kBlock = 16;  // channels computed together

/// As above; weights [channels, group, 3, 3, 3], panels [channels / kBlock, 3, group / 2, 3, 3, kBlock, 2].
std::size_t panel_values(const SmallGroups& shape);
void pack(const SmallGroups& shape, const float* weights, Bf16* panels);
std::size_t scratch_bytes(const SmallGroups& shape);
void convolve(const SmallGroups& shape, const void* source, const Bf16* panels, const Epilogue& epilogue,
              Bf16* result, void* scratch);

}  // namespace tvr::bf16
