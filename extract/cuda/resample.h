#pragma once

#include <vector>

#include "extract/lane.h"

namespace tvr {

/// A resampling filter along one axis: output i is the sum of `taps` source values starting at first[i],
/// weighted by weights[i * taps ...], which sum to 1. first[i] >= 0 and first[i] + taps <= the source's size:
/// weights that fall beyond an edge are added to the edge value.
struct ResampleFilter {
  int taps = 1;
  std::vector<int> first;
  std::vector<float> weights;
};

/// The filter from `source` to `target` values, both >= 1, with aligned centres. Kernels as libswscale's
/// defaults: the bicubic of Mitchell and Netravali (SIGGRAPH 1988) with B = 0, C = 0.6, or the triangle
/// (bilinear). When downscaling, the kernel is stretched by source / target, so that every source value
/// contributes.
[[nodiscard]] ResampleFilter resample_filter(int source, int target, Preset preset);

}  // namespace tvr
