#pragma once

#include <cstddef>

#include "extract/networks/epilogue.h"

/// Convolutions in float32 for AVX-512: 1 x 1, 3 x 3 by Winograd's minimal filtering, and 3 x 3 x 3 in small
/// groups; stem.h has the first one of a 3D network. Together nine tenths of the arithmetic of ResNet-152 and
/// ResNeXt-101.
///
/// Why not oneDNN's: these take 0.8 to 1 (1 x 1), 0.6 (3 x 3) and 0.4 to 0.7 (grouped) of its time
/// (tvr_convolution_bench), a fifth less for a whole extraction. oneDNN 3 no longer has Winograd for float32;
/// oneDNN 2's needs four times the weights' memory, this one 16 / 9.
///
/// Activations have oneDNN's layout nChw16c (nCdhw16c): [channels / 16, positions, 16] of one image or clip.
/// Sums are computed on the calling thread in an order that depends on the shapes alone.
namespace tvr::avx512 {

constexpr int kBlock = 16;          // channels stored together
constexpr int kPanel = 2 * kBlock;  // output channels computed together

/// A 1 x 1 convolution: the product [positions, in] [in, out].
struct Pointwise {
  int in = 0, out = 0;                    // channels: multiples of kBlock and of kPanel
  int frames = 1, height = 0, width = 0;  // of the source
  int frame_stride = 1, stride = 1;       // stride: of rows and of columns
};
/// Packs weights [out, in] into panels [out / kPanel, in, kPanel]: in * out floats.
void pack_pointwise(const float* weights, int in, int out, float* panels);

/// A 3 x 3 convolution with stride 1 and padding 1 by F(2 x 2, 3 x 3): from each 4 x 4 of the input, 2 x 2 of
/// the result with 16 multiplications instead of 36 (Lavin & Gray, Fast Algorithms for Convolutional Neural
/// Networks, CVPR 2016, section 4.1). Its transforms only add, subtract and halve, so little precision is
/// lost.
struct Winograd {
  int in = 0, out = 0;  // channels: multiples of kBlock and of kPanel
  int height = 0, width = 0;
};
constexpr int kWinogradTerms = 16;
/// Packs weights [out, in, 3, 3] into panels [out / kPanel, 16, in, kPanel]: 16 * in * out floats.
void pack_winograd(const float* weights, int in, int out, float* panels);

/// A 3 x 3 x 3 convolution with stride 1 and padding 1 in groups of 4 or 8 channels (ResNeXt's first layers):
/// a dense kernel with whole vectors would waste 3 or 1 multiplications by zero per useful one.
struct Grouped {
  int channels = 0, group = 0;  // a multiple of kBlock; 4 or 8
  int frames = 0, height = 0, width = 0;
};
/// Packs weights [channels, group, 3, 3, 3] into panels [channels / kBlock, 9, group, 3, kBlock]: 27 * group
/// * channels floats.
void pack_grouped(const float* weights, int channels, int group, float* panels);

/// Floats of scratchpad that convolve() needs.
std::size_t scratch_floats(const Pointwise& shape);
std::size_t scratch_floats(const Winograd& shape);
std::size_t scratch_floats(const Grouped& shape);
/// All pointers are aligned to 64 bytes.
void convolve(const Pointwise& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* scratch);
void convolve(const Winograd& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* scratch);
void convolve(const Grouped& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* scratch);

}  // namespace tvr::avx512
