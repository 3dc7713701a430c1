#pragma once

#include "extract/networks/avx512/convolution.h"

namespace tvr::avx512 {

/// A 3D ResNet's first convolution: 7 x 7 x 7 on three colours, stride 1 in time and 2 in space, padding 3.
/// Along time by F(2, 7): from eight frames, two of the result with 8 multiplications instead of 14. `source`
/// is planes [3, frames, height, width], the network's input.
struct Stem {
  int out = 0;  // channels: a multiple of kPanel
  int frames = 0, height = 0, width = 0;
};
constexpr int kStemKernel = 7, kStemTerms = 8, kStemColors = 3;
/// Packs weights [out, 3, 7, 7, 7] into panels [out / kPanel, 8, 3, 7, 7, kPanel]: 8 * 147 * out floats.
void pack_stem(const float* weights, int out, float* panels);

/// As in convolution.h.
std::size_t scratch_floats(const Stem& shape);
void convolve(const Stem& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* scratch);

}  // namespace tvr::avx512
