#include "model/dropout.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tvr {
namespace {

Matrix ones(std::int64_t rows, std::int64_t cols) {
  Matrix matrix(rows, cols);
  std::fill_n(matrix.data(), rows * cols, 1.0F);
  return matrix;
}

TEST(Dropout, ZeroesTheShareThatIsAskedForAndKeepsTheMean) {
  constexpr std::int64_t kRows = 100, kCols = 1000;
  Matrix x = ones(kRows, kCols);
  Dropout(0.3, 1, 0).apply(x, RandomUse::VideoDropout);
  double sum = 0;
  std::int64_t zeros = 0;
  for (std::int64_t i = 0; i < kRows * kCols; ++i) {
    sum += static_cast<double>(x.data()[i]);
    zeros += x.data()[i] == 0 ? 1 : 0;
    ASSERT_TRUE(x.data()[i] == 0 || std::fabs(x.data()[i] - 1 / 0.7F) < 1e-6F);
  }
  const double deviation = std::sqrt(0.3 * 0.7 / (kRows * kCols));
  EXPECT_NEAR(static_cast<double>(zeros) / (kRows * kCols), 0.3, 5 * deviation);
  EXPECT_NEAR(sum / (kRows * kCols), 1, 5 * deviation / 0.7);
}

TEST(Dropout, ChangesNothingAtRateZero) {
  Matrix x = ones(3, 5);
  Dropout(0, 1, 0).apply(x, RandomUse::VideoDropout);
  Dropout().apply(x, RandomUse::VideoDropout);
  for (std::int64_t i = 0; i < 15; ++i) EXPECT_EQ(x.data()[i], 1.0F);
}

TEST(Dropout, IsTheSameForEqualStepsAndAnotherForOthers) {
  const auto zeros = [](std::uint64_t seed, std::uint64_t step, RandomUse use) {
    Matrix x = ones(8, 64);
    Dropout(0.5, seed, step).apply(x, use);
    std::vector<bool> zero;
    for (std::int64_t i = 0; i < 8 * 64; ++i) zero.push_back(x.data()[i] == 0);
    return zero;
  };
  const auto first = zeros(1, 7, RandomUse::VideoDropout);
  EXPECT_EQ(first, zeros(1, 7, RandomUse::VideoDropout));
  EXPECT_NE(first, zeros(2, 7, RandomUse::VideoDropout));
  EXPECT_NE(first, zeros(1, 8, RandomUse::VideoDropout));
  EXPECT_NE(first, zeros(1, 7, RandomUse::TextDropout));
}

}  // namespace
}  // namespace tvr
