#pragma once

#include "extract/networks/network.h"

namespace tvr {

// Two small networks for the demo, which runs on random weights: two convolutions each. Deep random networks
// map all videos to nearly the same features; shallow ones keep the differences.

/// Images to 256 columns: 7x7 and 3x3 convolutions with max pooling in between.
[[nodiscard]] Network demo2d();

/// 16 frames to 256 columns. The first kernels sum to zero over time, so that static content gives no
/// response and the features describe motion.
[[nodiscard]] Network demo3d();

}  // namespace tvr
