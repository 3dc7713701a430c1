#pragma once

#include <string>

namespace tvr {

/// The BLAS library loaded into the program (by LibTorch and OpenCV; our own code does not call it).
struct Blas {
  std::string name;        // "OpenBLAS 0.3.21"; empty: no sgemm_ was found
  std::string core;        // the CPU core that OpenBLAS has detected: "SkylakeX"
  std::string file;        // library file: "libopenblasp-r0.3.21.so"
  bool reference = false;  // the reference implementation, ten to thirty times slower
  double gflops = 0;       // GFLOP/s of a product of two 1024 x 1024 matrices
};

/// Finds it among the loaded libraries and times it: for at most half a second, but at least one product.
[[nodiscard]] Blas probe_blas();

}  // namespace tvr
