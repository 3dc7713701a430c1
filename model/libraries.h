#pragma once

#include <vector>

#include "data/library_version.h"

namespace tvr {

/// LibTorch.
[[nodiscard]] std::vector<LibraryVersion> model_libraries();

/// Billions of operations a second of the product that training mostly is, 32 x 4096 x 4096, by the room's
/// own loops on all cores; the best of three. `kernels`: the instruction set they were compiled for.
struct ProductSpeed {
  std::string kernels;
  double gflops = 0;
};
[[nodiscard]] ProductSpeed measure_product();

}  // namespace tvr
