#pragma once

#include <vector>

#include "extract/lane.h"

namespace tvr {

/// A resampling filter along one axis: output position i is the sum of `taps` source values from first[i] on,
/// weighted by weights[i * taps ...], which sum to 1. first[i] >= 0 and first[i] + taps <= the source's size:
/// what a kernel wants from beyond an edge counts for the edge.
struct ResampleFilter {
  int taps = 1;
  std::vector<int> first;
  std::vector<float> weights;
};

/// The filter from `source` to `target` values, both >= 1, centres aligned. Kernels as libswscale's defaults:
/// bicubic of Mitchell and Netravali (SIGGRAPH 1988) with B = 0, C = 0.6, or the triangle; either is
/// stretched by source / target when that is above 1, so that every source value counts.
[[nodiscard]] ResampleFilter resample_filter(int source, int target, Preset preset);

}  // namespace tvr
