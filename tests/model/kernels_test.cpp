#include "model/kernels/kernels.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/tensors/tensor.h"
#include "model/linear.h"
#include "pair_fixture.h"

namespace tvr {
namespace {

using testing::random_matrix;

/// The tables that this processor can run.
std::vector<const Kernels*> runnable() {
  std::vector<const Kernels*> tables = {&kBaselineKernels};
#ifdef TVR_X86
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables.push_back(&kAvx2Kernels);
  if (__builtin_cpu_supports("avx512f")) tables.push_back(&kAvx512Kernels);
#endif
  return tables;
}

TEST(Kernels, EveryFiniteHalfIsTheFloatOfItsValue) {
  std::vector<std::uint16_t> halves;
  for (std::uint32_t bits = 0; bits <= 0xffffU; ++bits)
    if ((bits & 0x7c00U) != 0x7c00U) halves.push_back(static_cast<std::uint16_t>(bits));
  const auto count = static_cast<std::int64_t>(halves.size());
  const float one = 1;
  std::vector<float> floats(halves.size());
  for (const Kernels* table : runnable()) {
    table->multiply_halves({&one, 1, 1, nullptr, count, floats.data(), count, 1, count, 1}, halves.data());
    for (std::size_t i = 0; i < halves.size(); ++i)
      ASSERT_EQ(floats[i], from_half(halves[i])) << table->name << ' ' << i;
  }
}

TEST(Kernels, ProductsOfHalvesAreBitwiseThoseOfTheirFloats) {
  for (const Kernels* table : runnable()) {
    for (const std::int64_t rows : {1, 9, 70}) {
      for (const std::int64_t cols : {1, 31, 64, 70}) {
        for (const std::int64_t depth : {1, 64, 130}) {
          const Matrix a = random_matrix(rows, depth, 1);
          Matrix b = random_matrix(depth, cols, 2);
          std::vector<std::uint16_t> halves;
          for (std::int64_t i = 0; i < depth * cols; ++i) {
            halves.push_back(to_half(b.data()[i]));
            b.data()[i] = from_half(halves.back());
          }
          Matrix wanted(rows, cols), found(rows, cols);
          table->multiply({a.data(), depth, 1, b.data(), cols, wanted.data(), cols, rows, cols, depth});
          table->multiply_halves({a.data(), depth, 1, nullptr, cols, found.data(), cols, rows, cols, depth},
                                 halves.data());
          for (std::int64_t i = 0; i < rows * cols; ++i) ASSERT_EQ(found.data()[i], wanted.data()[i]);
        }
      }
    }
  }
}

TEST(Kernels, MultiplyEveryShapeAndStride) {
  for (const Kernels* table : runnable()) {
    for (const std::int64_t rows : {1, 3, 8, 17}) {
      for (const std::int64_t cols : {1, 7, 8, 16, 31, 32, 33, 70, 300}) {
        for (const std::int64_t depth : {1, 5, 128, 129, 300}) {
          const Matrix a = random_matrix(rows, depth, 1), b = random_matrix(depth, cols + 3, 2);
          Matrix c =
              random_matrix(rows, cols + 2, 3);  // what was there is written over, what is beside it is kept
          const Matrix before = c;
          table->multiply({a.data(), depth, 1, b.data(), cols + 3, c.data(), cols + 2, rows, cols, depth});
          for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t j = 0; j < cols + 2; ++j) {
              double wanted = static_cast<double>(before.row(r)[j]), size = 0;
              if (j < cols) {
                wanted = 0;
                for (std::int64_t k = 0; k < depth; ++k) {
                  wanted += static_cast<double>(a.row(r)[k]) * static_cast<double>(b.row(k)[j]);
                  size += std::abs(static_cast<double>(a.row(r)[k]) * static_cast<double>(b.row(k)[j]));
                }
              }
              ASSERT_NEAR(static_cast<double>(c.row(r)[j]), wanted, size * 1e-6)
                  << table->name << ' ' << rows << 'x' << cols << 'x' << depth << " at " << r << ',' << j;
            }
          }
          const Matrix across = transposed(a);  // the same A, its columns side by side
          Matrix again(rows, cols);
          table->multiply(
              {across.data(), 1, rows, b.data(), cols + 3, again.data(), cols, rows, cols, depth});
          for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t j = 0; j < cols; ++j) ASSERT_EQ(again.row(r)[j], c.row(r)[j]);
          }
        }
      }
    }
  }
}

TEST(Kernels, GiveAnElementTheSameBitsWhereverItStands) {
  for (const Kernels* table : runnable()) {
    const Matrix a = random_matrix(19, 300, 1), b = random_matrix(75, 300, 2), across = transposed(b);
    Matrix c(19, 75);
    table->multiply({a.data(), 300, 1, across.data(), 75, c.data(), 75, 19, 75, 300});
    for (std::int64_t i = 0; i < 19; ++i) {
      for (std::int64_t j = 0; j < 75; ++j) {
        ASSERT_EQ(c.row(i)[j], table->dot(a.row(i), b.row(j), 300)) << table->name << ' ' << i << ' ' << j;
      }
    }
  }
}

TEST(Kernels, KeepTheFirstOfTheLargestValuesAndItsNumber) {
  for (const Kernels* table : runnable()) {
    const float nan = std::nanf("");
    std::vector<float> best(37, 0.0F);
    std::vector<std::int32_t> number(37, -1);
    const Matrix some = random_matrix(3, 37, 9);
    for (std::int32_t row = 0; row < 3; ++row)
      table->keep_larger(some.row(row), row, best.data(), number.data(), 37);
    const std::vector<float> same = best, unknown(37, nan);
    table->keep_larger(same.data(), 7, best.data(), number.data(), 37);
    table->keep_larger(unknown.data(), 8, best.data(), number.data(), 37);
    for (std::size_t i = 0; i < 37; ++i) {
      float wanted = 0;
      std::int32_t where = -1;
      for (std::int32_t row = 0; row < 3; ++row) {
        const float value = some.row(row)[i];
        if (value > wanted) wanted = value, where = row;
      }
      ASSERT_EQ(best[i], wanted) << table->name;
      ASSERT_EQ(number[i], where) << table->name;
    }
  }
}

TEST(Kernels, StepLikeAdamEvenFromZeroGradients) {
  for (const Kernels* table : runnable()) {
    const Matrix gradient = random_matrix(1, 37, 5);
    Matrix value = random_matrix(1, 37, 6), mean(1, 37), variance(1, 37);
    Matrix g = gradient;
    g.data()[3] = 0;
    const Matrix before = value;
    table->adam(value.data(), mean.data(), variance.data(), g.data(), 37, {0.5F, 2.0F});
    for (std::int64_t i = 0; i < 37; ++i) {
      const double x = static_cast<double>(g.data()[i]);
      const double wanted = 0.5 * 0.1 * x / (std::sqrt(0.001 * x * x) * 2 + 1e-8);
      EXPECT_NEAR(static_cast<double>(before.data()[i] - value.data()[i]), wanted, 1e-6) << table->name;
    }
  }
}

TEST(Kernels, StepByAProductAsByTheGradientThatItIs) {
  for (const Kernels* table : runnable()) {
    for (const std::int64_t rows : {1, 8, 19}) {
      for (const std::int64_t cols : {1, 7, 32, 70, 4130}) {
        for (const std::int64_t depth : {1, 32, 100}) {
          const Matrix dy = random_matrix(depth, rows, 1), x = random_matrix(depth, cols, 2);
          const Matrix across = transposed(dy);
          Matrix gradient(rows, cols);
          table->multiply(
              {across.data(), depth, 1, x.data(), cols, gradient.data(), cols, rows, cols, depth});
          Matrix wanted = random_matrix(rows, cols, 3), mean = random_matrix(rows, cols, 4),
                 variance = random_matrix(rows, cols, 5);
          for (std::int64_t i = 0; i < rows * cols; ++i) variance.data()[i] = std::abs(variance.data()[i]);
          Matrix value = wanted, same_mean = mean, same_variance = variance;
          table->adam(wanted.data(), mean.data(), variance.data(), gradient.data(), rows * cols, {0.5F, 2});
          const std::int64_t panels = (cols + table->panel_cols - 1) / table->panel_cols;
          std::vector<float> packed(static_cast<std::size_t>(panels * table->panel_cols * depth));
          table->pack(x.data(), cols, cols, depth, packed.data());
          table->multiply_adam(
              {across.data(), depth, 1, packed.data(), 0, value.data(), cols, rows, cols, depth},
              same_mean.data(), same_variance.data(), {0.5F, 2});
          for (std::int64_t i = 0; i < rows * cols; ++i) {
            ASSERT_NEAR(value.data()[i], wanted.data()[i], 1e-5F)
                << table->name << ' ' << rows << 'x' << cols;
            ASSERT_NEAR(same_mean.data()[i], mean.data()[i], 1e-6F);
            ASSERT_NEAR(same_variance.data()[i], variance.data()[i], 1e-6F);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace tvr
