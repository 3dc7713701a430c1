#pragma once

#include <string>

namespace tvr {

/// The BLAS that is loaded into the program (by LibTorch and OpenCV; no loop of ours calls it).
struct Blas {
  std::string name;        // "OpenBLAS 0.3.21"; empty: no sgemm_ is there
  std::string core;        // the processor that OpenBLAS takes this one for: "SkylakeX"
  std::string file;        // of its code: "libopenblasp-r0.3.21.so"
  bool reference = false;  // the plain Fortran loops, ten to thirty times slower
  double gflops = 0;       // of a product of two 1024 x 1024 matrices, in billions of operations a second
};

/// Looks it up among the loaded libraries and times it, for half a second at most or one product.
[[nodiscard]] Blas probe_blas();

}  // namespace tvr
