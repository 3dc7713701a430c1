#include "text/whitening.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/splitmix64.h"

namespace tvr {
namespace {

/// Rows with a large common vector and columns of very different spread.
Matrix one_sided(std::int64_t rows, std::int64_t cols) {
  Matrix matrix(rows, cols);
  std::uint64_t n = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t d = 0; d < cols; ++d) {
      const double noise = static_cast<double>(splitmix64(++n * kSplitMix64Step) >> 11U) * 0x1p-53 - 0.5;
      matrix.row(i)[d] = static_cast<float>(5 + noise * static_cast<double>(d + 1));
    }
  }
  return matrix;
}

TEST(Whitening, GivesMeanZeroAndUnitCovariance) {
  const Matrix vectors = one_sided(2000, 4);
  const Whitening whitening = Whitening::of(vectors);
  double mean[4] = {}, products[4][4] = {};
  for (std::int64_t i = 0; i < vectors.rows(); ++i) {
    float row[4];
    whitening.apply(vectors.row(i), row);
    for (int a = 0; a < 4; ++a) {
      mean[a] += static_cast<double>(row[a]) / 2000;
      for (int b = 0; b < 4; ++b)
        products[a][b] += static_cast<double>(row[a]) * static_cast<double>(row[b]) / 2000;
    }
  }
  for (int a = 0; a < 4; ++a) {
    EXPECT_NEAR(mean[a], 0, 1e-4);
    for (int b = 0; b < 4; ++b) EXPECT_NEAR(products[a][b], a == b ? 1 : 0, 0.1) << a << ' ' << b;
  }
}

TEST(Whitening, StaysFiniteWhereThereIsNoVariance) {
  Matrix vectors(3, 2);
  for (std::int64_t i = 0; i < 3; ++i) vectors.row(i)[0] = vectors.row(i)[1] = 7;
  const Whitening whitening = Whitening::of(vectors);
  float row[2];
  whitening.apply(vectors.row(0), row);
  EXPECT_EQ(row[0], 0);
  EXPECT_EQ(row[1], 0);
}

}  // namespace
}  // namespace tvr
