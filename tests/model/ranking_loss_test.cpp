#include "model/ranking_loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

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

Matrix matrix_of(const std::vector<std::vector<float>>& rows) {
  Matrix matrix(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.front().size()));
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy(rows[i].begin(), rows[i].end(), matrix.row(static_cast<std::int64_t>(i)));
  return matrix;
}

void expect_near(const Matrix& seen, const Matrix& wanted, double tolerance) {
  ASSERT_EQ(seen.rows(), wanted.rows());
  ASSERT_EQ(seen.cols(), wanted.cols());
  for (std::int64_t i = 0; i < seen.rows() * seen.cols(); ++i)
    EXPECT_NEAR(static_cast<double>(seen.data()[i]), static_cast<double>(wanted.data()[i]), tolerance) << i;
}

// Computed by loss.py of antoine77340/howto100m 50af0ff under PyTorch 1.13.
TEST(MaxMarginLoss, WithWeightsIsTheReferences) {
  const Matrix similarity = matrix_of({{0.5F, -0.8125F, -0.5F, -1.0F, 0.3125F, 0.1875F},
                                       {-0.375F, -0.375F, 0.3125F, 1.0F, 0.25F, 0.8125F},
                                       {-0.125F, 0.625F, 0.0625F, 0.625F, 0.375F, -0.875F},
                                       {-0.875F, -0.9375F, 0.625F, -0.6875F, 0.8125F, 0.5F},
                                       {-0.5625F, -0.0625F, 0.25F, 0.875F, 0.3125F, -0.125F},
                                       {0.75F, -1.0F, -1.0F, 0.125F, -0.5625F, -0.9375F}});
  const Matrix gradient = matrix_of(
      {{-0.0208333358168602F, 0.0F, 0.0F, 0.0F, 0.02083333395421505F, 0.02083333395421505F},
       {0.0416666679084301F, -0.1666666567325592F, 0.0416666679084301F, 0.0416666679084301F,
        0.0416666679084301F, 0.0416666679084301F},
       {0.0F, 0.0416666679084301F, -0.1666666567325592F, 0.0833333358168602F, 0.0416666679084301F,
        0.02083333395421505F},
       {0.0F, 0.0F, 0.0833333358168602F, -0.1874999701976776F, 0.0416666679084301F, 0.0416666679084301F},
       {0.0F, 0.02083333395421505F, 0.0416666679084301F, 0.0416666679084301F, -0.125F, 0.0416666679084301F},
       {0.0416666679084301F, 0.02083333395421505F, 0.02083333395421505F, 0.0416666679084301F,
        0.0416666679084301F, -0.2499999701976776F}});
  const Matrix weights = intra_video_weights(3, 2, 0.5);
  const Loss loss = max_margin_loss(similarity, 0.1, &weights);
  EXPECT_NEAR(loss.value, 0.7953125834465027, 1e-6);
  expect_near(loss.d_similarity, gradient, 1e-6);
}

TEST(MaxMarginLoss, OfAWholeStepOnHowTo100MIsTheReferences) {
  const Matrix weights = intra_video_weights(32, 64, 0.5);
  EXPECT_FLOAT_EQ(weights.row(0)[63], 16);
  EXPECT_FLOAT_EQ(weights.row(0)[64], 0.5161290168762207F);
  Matrix similarity(2048, 2048);
  EXPECT_NEAR(max_margin_loss(similarity, 0.1, &weights).value, 0.19999992847442627, 1e-6);
  for (std::int64_t i = 0; i < 2048; ++i) similarity.row(i)[i] = 1;
  EXPECT_NEAR(max_margin_loss(similarity, 0.1, &weights).value, 0.001562499557621777, 1e-6);
}

TEST(IntraVideoWeights, OfHardNegativesAloneLeaveOtherVideosOut) {
  const Matrix weights = intra_video_weights(2, 2, 1);
  EXPECT_FLOAT_EQ(weights.row(0)[1], 2);
  EXPECT_FLOAT_EQ(weights.row(0)[2], 0);
}

// Computed by loss.py of antoine77340/MIL-NCE_HowTo100M b282b15 under PyTorch 1.13.
TEST(MilNceLoss, IsTheReferences) {
  const Matrix video = matrix_of({{-0.125F, -1.0F}, {0.75F, 0.25F}, {-0.625F, -1.125F}});
  const Matrix text = matrix_of({{1.875F, -0.625F},
                                 {0.625F, 1.875F},
                                 {1.25F, 0.5F},
                                 {-1.625F, -1.5F},
                                 {-1.625F, -1.375F},
                                 {1.0F, -1.5F}});
  const Matrix gradient_of_video = matrix_of({{-0.7766064405441284F, -0.30685412883758545F},
                                              {-0.08767387270927429F, -0.07909631729125977F},
                                              {-0.16770634055137634F, -0.13222463428974152F}});
  Matrix similarity(6, 3);
  for (std::int64_t t = 0; t < 6; ++t) {
    for (std::int64_t v = 0; v < 3; ++v)
      similarity.row(t)[v] = text.row(t)[0] * video.row(v)[0] + text.row(t)[1] * video.row(v)[1];
  }
  const Loss loss = mil_nce_loss(similarity, 0);
  EXPECT_NEAR(loss.value, 2.1514880657196045, 1e-6);
  Matrix d_video(3, 2);
  for (std::int64_t v = 0; v < 3; ++v) {
    for (std::int64_t t = 0; t < 6; ++t) {
      for (std::int64_t d = 0; d < 2; ++d) d_video.row(v)[d] += loss.d_similarity.row(t)[v] * text.row(t)[d];
    }
  }
  expect_near(d_video, gradient_of_video, 1e-6);
}

TEST(MilNceLoss, HasTheDerivativesThatDifferencesShow) {
  Matrix similarity = random_matrix(8, 4, 4);
  const double log_scale = 0.5, step = 1e-3;
  const Loss loss = mil_nce_loss(similarity, log_scale);
  for (std::int64_t i = 0; i < 32; ++i) {
    const float kept = similarity.data()[i];
    similarity.data()[i] = kept + 1e-3F;
    const double above = mil_nce_loss(similarity, log_scale).value;
    similarity.data()[i] = kept - 1e-3F;
    const double below = mil_nce_loss(similarity, log_scale).value;
    similarity.data()[i] = kept;
    EXPECT_NEAR(static_cast<double>(loss.d_similarity.data()[i]), (above - below) / 2e-3, 2e-4) << i;
  }
  EXPECT_NEAR(
      loss.d_log_scale,
      (mil_nce_loss(similarity, log_scale + step).value - mil_nce_loss(similarity, log_scale - step).value) /
          (2 * step),
      1e-4);
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
