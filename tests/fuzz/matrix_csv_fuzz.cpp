#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "data/matrix_csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const tvr::Matrix matrix = tvr::parse_matrix_csv("fuzz.csv", {reinterpret_cast<const char*>(data), size});
    for (std::int64_t i = 0; i < matrix.rows() * matrix.cols(); ++i)
      if (!std::isfinite(matrix.data()[i])) std::abort();
  } catch (const tvr::Error&) {
  }
  return 0;
}
