#include "model/libraries.h"

#include <ATen/Parallel.h>
#include <torch/csrc/api/include/torch/version.h>

#include <algorithm>
#include <chrono>

#include "data/matrix.h"
#include "model/kernels/kernels.h"
#include "model/linear.h"
#include "model/parallel.h"

namespace tvr {

std::vector<LibraryVersion> model_libraries() {
  const void* code =
      reinterpret_cast<const void*>(&at::get_num_threads);  // the library's file name contains its version
  return {{"LibTorch", TORCH_VERSION, {}, file_of_code(code)}};
}

ProductSpeed measure_product() {
  constexpr std::int64_t kRows = 32, kSide = 4096;
  set_compute_threads(0);
  const Matrix x(kRows, kSide), weight(kSide, kSide);
  double best_s = 1e300;
  for (int round = 0; round < 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const Matrix y = multiply_transposed(x, weight);
    best_s =
        std::min(best_s, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return {kernels().name, 2e-9 * kRows * kSide * kSide / best_s};
}

}  // namespace tvr
