#include "model/window_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "data/tensors/tensor.h"
#include "model/kernels/kernels.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

Matrix random_matrix(std::int64_t rows, std::int64_t cols, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Matrix matrix(rows, cols);
  for (std::int64_t i = 0; i < rows * cols; ++i) matrix.data()[i] = normal(random);
  return matrix;
}

/// Videos of 1, 2, ..., `videos` windows, over the rows of `rows`.
WindowIndex index_of(const Matrix& rows, std::int64_t videos) {
  WindowIndex index(rows.cols());
  for (std::int64_t v = 0; v < videos; ++v) index.add_video(rows.row(index.windows()), v + 1);
  return index;
}

TEST(WindowIndex, FindsTheBestWindowOfEveryVideoAsACompareOfEachPairDoes) {
  constexpr std::int64_t kVideos = 20, kDim = 130, kTexts = 9;  // 210 windows: more than three blocks
  const Matrix rows = random_matrix(kVideos * (kVideos + 1) / 2, kDim, 1);
  const Matrix texts = random_matrix(kTexts, kDim, 2);
  const WindowIndex index = index_of(rows, kVideos);
  ASSERT_EQ(index.windows(), rows.rows());
  const BestWindows best = index.best_windows(texts);
  for (std::int64_t q = 0; q < kTexts; ++q) {
    for (std::int64_t v = 0; v < kVideos; ++v) {
      float score = -1e9F;
      std::int64_t window = -1;
      for (std::int64_t w = index.first_window(v); w < index.first_window(v + 1); ++w) {
        const float value = kernels().dot(texts.row(q), rows.row(w), kDim);
        if (value > score) {
          score = value;
          window = w - index.first_window(v);
        }
      }
      EXPECT_EQ(best.scores.row(q)[v], score);  // the same bits as evaluation's
      EXPECT_EQ(best.windows[static_cast<std::size_t>(q * kVideos + v)], window);
    }
  }
}

TEST(WindowIndex, GivesBackWhatWasPutIn) {
  const Matrix rows = random_matrix(66, 7, 3);
  const WindowIndex index = index_of(rows, 11);
  std::vector<float> row(7);
  for (std::int64_t w = 0; w < rows.rows(); ++w) {
    index.copy_window(w, row.data());
    EXPECT_TRUE(std::equal(row.begin(), row.end(), rows.row(w)));
  }
}

TEST(WindowIndex, ScoresAreTheSameWhateverTheCompanyOfATextAndTheOrderOfVideos) {
  const Matrix rows = random_matrix(210, 64, 4), texts = random_matrix(5, 64, 5);
  const WindowIndex index = index_of(rows, 20);
  WindowIndex reversed(64);
  for (std::int64_t v = 19; v >= 0; --v) reversed.add_video(rows.row(index.first_window(v)), v + 1);
  const BestWindows together = index.best_windows(texts), turned = reversed.best_windows(texts);
  for (std::int64_t q = 0; q < 5; ++q) {
    Matrix one(1, 64);
    std::copy_n(texts.row(q), 64, one.data());
    const BestWindows alone = index.best_windows(one);
    for (std::int64_t v = 0; v < 20; ++v) {
      EXPECT_EQ(alone.scores.row(0)[v], together.scores.row(q)[v]);
      EXPECT_EQ(turned.scores.row(q)[19 - v], together.scores.row(q)[v]);
    }
  }
}

TEST(WindowIndex, HalvesScoreBitwiseAsTheirRoundedValuesDo) {
  Matrix rows = random_matrix(210, 130, 6);
  const Matrix texts = random_matrix(70, 130, 7);
  WindowIndex halves(130, IndexValues::Halves);
  for (std::int64_t v = 0; v < 20; ++v) halves.add_video(rows.row(halves.windows()), v + 1);
  for (std::int64_t i = 0; i < 210 * 130; ++i) rows.data()[i] = from_half(to_half(rows.data()[i]));
  const BestWindows found = halves.best_windows(texts), wanted = index_of(rows, 20).best_windows(texts);
  EXPECT_EQ(found.windows, wanted.windows);
  for (std::int64_t i = 0; i < 70 * 20; ++i) ASSERT_EQ(found.scores.data()[i], wanted.scores.data()[i]) << i;
  std::vector<float> row(130);
  halves.copy_window(77, row.data());
  EXPECT_TRUE(std::equal(row.begin(), row.end(), rows.row(77)));
}

TEST(WindowIndex, ANanScoresLowest) {
  Matrix rows(1, 4);
  rows.row(0)[2] = NAN;
  WindowIndex index(4);
  index.add_video(rows.data(), 1);
  Matrix text(1, 4);
  text.row(0)[2] = 1;
  EXPECT_EQ(index.best_windows(text).scores.row(0)[0], -INFINITY);
}

TEST(WindowIndex, AnEmptyIndexAndNoTextsGiveNothing) {
  const WindowIndex index(4);
  EXPECT_EQ(index.best_windows(Matrix(2, 4)).scores.cols(), 0);
  EXPECT_EQ(index.best_windows(Matrix()).scores.rows(), 0);
}

TEST(WindowIndex, RefusesATextOfAnotherDimension) {
  const WindowIndex index(4);
  testing::expect_error([&] { static_cast<void>(index.best_windows(Matrix(1, 5))); }, Fault::Mismatch, "5");
}

}  // namespace
}  // namespace tvr
