#include "model/ranking_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pair_fixture.h"

namespace tvr {
namespace {

using testing::random_matrix;

TEST(MaxMarginLoss, CountsTheDiagonalAndDividesByAllPairs) {
  Matrix perfect(2, 2);  // s_ii = 1, s_ij = 0: only the diagonal's own 2 * margin is left
  perfect.row(0)[0] = perfect.row(1)[1] = 1;
  EXPECT_NEAR(max_margin_loss(perfect, 0.1).value, 2 * 2 * 0.1 / 4, 1e-12);
  // All equal: every hinge is the margin, twice for each pair.
  EXPECT_NEAR(max_margin_loss(Matrix(5, 5), 0.1).value, 0.2, 1e-9);
}

/// Compares d_similarity with central differences of `loss`.
template <class LossOf>
void expect_derivative(const LossOf& loss_of) {
  Matrix similarity = random_matrix(6, 6, 4);
  const Loss loss = loss_of(similarity);
  for (std::int64_t i = 0; i < 36; ++i) {
    const float kept = similarity.data()[i];
    similarity.data()[i] = kept + 1e-3F;
    const double above = loss_of(similarity).value;
    similarity.data()[i] = kept - 1e-3F;
    const double below = loss_of(similarity).value;
    similarity.data()[i] = kept;
    EXPECT_NEAR(static_cast<double>(loss.d_similarity.data()[i]), (above - below) / 2e-3, 2e-4) << i;
  }
}

TEST(MaxMarginLoss, HasTheDerivativeThatDifferencesShow) {
  expect_derivative([](const Matrix& similarity) { return max_margin_loss(similarity, 0.3); });
  const Matrix weights = intra_video_weights(3, 2, 0.4);
  expect_derivative([&](const Matrix& similarity) { return max_margin_loss(similarity, 0.3, &weights); });
}

TEST(IntraVideoWeights, ShareTheLossByTheRate) {
  const Matrix weights = intra_video_weights(4, 3, 0.25);
  double within = 0, all = 0;
  for (std::int64_t i = 0; i < 12; ++i) {
    for (std::int64_t j = 0; j < 12; ++j) {
      all += static_cast<double>(weights.row(i)[j]);
      if (i / 3 == j / 3) within += static_cast<double>(weights.row(i)[j]);
    }
  }
  EXPECT_NEAR(within / all, 0.25, 1e-6);
  EXPECT_NEAR(all, 144, 1e-4);  // the mean weight is one
}

TEST(NceLoss, IsTheCrossEntropyOfBothDirections) {
  // Two pairs, s = [1 0; 0 1], scale e: each of the four queries has -log(e^e / (e^e + 1)).
  Matrix similarity(2, 2);
  similarity.row(0)[0] = similarity.row(1)[1] = 1;
  const double scale = std::exp(1.0);
  EXPECT_NEAR(nce_loss(similarity, 1, {0, 1}).value, std::log(1 + std::exp(-scale)), 1e-12);
  EXPECT_EQ(nce_loss(similarity, 1, {7, 7}).value, 0);  // captions of one clip are not told apart
  similarity.row(0)[0] = 100;                           // no overflow
  EXPECT_TRUE(std::isfinite(nce_loss(similarity, 4.6, {0, 1}).value));
}

TEST(NceLoss, HasTheDerivativesThatDifferencesShow) {
  const std::vector<std::int32_t> clips = {0, 1, 2, 1, 4, 5};
  expect_derivative([&](const Matrix& similarity) { return nce_loss(similarity, 1.3, clips); });
  const Matrix similarity = random_matrix(6, 6, 4);
  const double above = nce_loss(similarity, 1.3001, clips).value,
               below = nce_loss(similarity, 1.2999, clips).value;
  EXPECT_NEAR(nce_loss(similarity, 1.3, clips).d_log_scale, (above - below) / 2e-4, 1e-6);
}

}  // namespace
}  // namespace tvr
