#pragma once

#include <cmath>
#include <cstdint>

namespace tvr::testing {

/// Of two vectors of `count` values, summed in double precision.
inline double cosine(const float* a, const float* b, std::int64_t count) {
  double ab = 0, aa = 0, bb = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = a[i], y = b[i];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace tvr::testing
