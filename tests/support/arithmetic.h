#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "extract/networks/network.h"

namespace tvr::testing {

/// 1e9 multiplications and additions of a network on one clip.
inline double gflop(const Network& network, int height, int width) {
  std::vector<std::array<double, 3>> sizes = {
      {static_cast<double>(network.clip_frames), static_cast<double>(height), static_cast<double>(width)}};
  double total = 0;
  for (const NetworkStep& step : network.steps) {
    std::array<double, 3> size = sizes[static_cast<std::size_t>(step.input)];
    double sums = 1, terms = 2.0 * step.in_channels / step.groups;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      size[axis] =
          std::floor((size[axis] + 2 * step.padding[axis] - step.kernel[axis]) / step.stride[axis]) + 1;
      sums *= size[axis];
      terms *= step.kernel[axis];
    }
    sizes.push_back(size);
    if (step.kind == NetworkStep::Kind::Convolution) total += sums * step.out_channels * terms;
  }
  return total / 1e9;
}

}  // namespace tvr::testing
