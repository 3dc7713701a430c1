#include "model/ranking_loss.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(MaxMarginLoss, HasTheDerivativeThatDifferencesShow) {
  Matrix similarity = random_matrix(6, 6, 4);
  const Loss loss = max_margin_loss(similarity, 0.3);
  for (std::int64_t i = 0; i < 36; ++i) {
    const float kept = similarity.data()[i];
    similarity.data()[i] = kept + 1e-3F;
    const double above = max_margin_loss(similarity, 0.3).value;
    similarity.data()[i] = kept - 1e-3F;
    const double below = max_margin_loss(similarity, 0.3).value;
    similarity.data()[i] = kept;
    EXPECT_NEAR(static_cast<double>(loss.d_similarity.data()[i]), (above - below) / 2e-3, 2e-4) << i;
  }
}

}  // namespace
}  // namespace tvr
