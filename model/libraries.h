#pragma once

#include <vector>

#include "data/library_version.h"

namespace tvr {

/// LibTorch.
[[nodiscard]] std::vector<LibraryVersion> model_libraries();

/// Speed (GFLOP/s) of a 32 x 4096 x 4096 matrix product, which dominates training, by model/kernels on all
/// cores; the best of three runs. `kernels`: the instruction set that they were compiled for.
struct ProductSpeed {
  std::string kernels;
  double gflops = 0;
};
[[nodiscard]] ProductSpeed measure_product();

}  // namespace tvr
