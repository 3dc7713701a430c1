#pragma once

#include "extract/networks/network.h"

namespace tvr {

// Two small networks for the demo, which runs on random weights: two convolutions each. Deep random networks
// make nearly the same features of every video; shallow ones keep what differs.

/// Pictures to 256 columns: 7x7 and 3x3 convolutions with a max pool between them.
[[nodiscard]] Network demo2d();

/// 16 frames to 256 columns. The first kernels sum to zero over time, so that what stands still gives no
/// answer and the features tell how things move.
[[nodiscard]] Network demo3d();

}  // namespace tvr
