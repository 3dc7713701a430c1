#include "model/hubness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/error.h"
#include "pair_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::random_matrix;

/// Similarities themselves: text q is row q of the matrix, video v the v-th unit vector.
Matrix unit_vectors(std::int64_t count) {
  Matrix matrix(count, count);
  for (std::int64_t i = 0; i < count; ++i) matrix.row(i)[i] = 1;
  return matrix;
}

Matrix matrix_of(std::int64_t cols, const std::vector<float>& values) {
  Matrix matrix(static_cast<std::int64_t>(values.size()) / cols, cols);
  std::copy(values.begin(), values.end(), matrix.data());
  return matrix;
}

/// Videos 1 and 2 belong to queries 1 and 2, which both find video 0, a hub, first.
const Matrix kHub = matrix_of(3, {0.9F, 0.1F, 0.1F,    //
                                  0.7F, 0.6F, 0.1F,    //
                                  0.7F, 0.1F, 0.6F});  //
const std::vector<std::int32_t> kOwn = {0, 1, 2};

TEST(DualSoftmax, FindsWhatAHubHides) {
  EXPECT_EQ(text_to_video_ranks(kHub, unit_vectors(3), kOwn), (std::vector<double>{1, 2, 2}));
  EXPECT_EQ(dual_softmax_ranks(kHub, unit_vectors(3), kOwn, 100), (std::vector<double>{1, 1, 1}));
}

TEST(DualSoftmax, IsTheFormulaOfThePaper) {
  const Matrix text = random_matrix(40, 8, 1), video = random_matrix(15, 8, 2);
  std::vector<std::int32_t> clip_of;
  for (int i = 0; i < 40; ++i) clip_of.push_back(i % 15);
  std::vector<std::vector<double>> s(40, std::vector<double>(15));
  for (int q = 0; q < 40; ++q)
    for (int v = 0; v < 15; ++v)
      for (int d = 0; d < 8; ++d) s[q][v] += static_cast<double>(text.row(q)[d]) * video.row(v)[d];
  std::vector<double> wanted;
  for (int q = 0; q < 40; ++q) {
    std::vector<double> product(15);
    for (int v = 0; v < 15; ++v) {
      double sum = 0;
      for (int other = 0; other < 40; ++other) sum += std::exp(5 * s[other][v]);
      product[v] = s[q][v] * std::exp(5 * s[q][v]) / sum;
    }
    const double own = product[static_cast<std::size_t>(clip_of[q])];
    wanted.push_back(1 + static_cast<double>(std::count_if(product.begin(), product.end(),
                                                           [&](double score) { return score > own; })));
  }
  EXPECT_EQ(dual_softmax_ranks(text, video, clip_of, 5), wanted);
}

TEST(DualSoftmax, OverflowsForNoScale) {
  EXPECT_EQ(dual_softmax_ranks(kHub, unit_vectors(3), kOwn, 1e6), (std::vector<double>{1, 1, 1}));
}

TEST(QuerybankNorm, CorrectsQueriesWhoseFirstHitIsAHubOfTheBank) {
  // The bank finds video 0 for everything.
  const Matrix bank = matrix_of(3, {0.8F, 0.1F, 0.1F, 0.7F, 0.2F, 0.2F, 0.75F, 0.1F, 0.2F});
  EXPECT_EQ(querybank_ranks(kHub, unit_vectors(3), kOwn, bank, 20), (std::vector<double>{1, 1, 1}));
}

TEST(QuerybankNorm, LeavesOtherQueriesAlone) {
  // The bank finds video 1 alone; queries 1 and 2, which find video 0, keep their ranks.
  const Matrix bank = matrix_of(3, {0.1F, 0.8F, 0.1F});
  EXPECT_EQ(querybank_ranks(kHub, unit_vectors(3), kOwn, bank, 20), (std::vector<double>{1, 2, 2}));
}

TEST(QuerybankNorm, TiesCountAsTheRuleSays) {
  const Matrix text = matrix_of(3, {0.5F, 0.5F, 0.5F}), bank = matrix_of(3, {0.1F, 0.1F, 0.1F});
  const Matrix video = unit_vectors(3);
  EXPECT_EQ(querybank_ranks(text, video, {1}, bank, 20, Ties::Average), (std::vector<double>{2}));
  EXPECT_EQ(querybank_ranks(text, video, {1}, bank, 20, Ties::Optimistic), (std::vector<double>{1}));
  EXPECT_EQ(querybank_ranks(text, video, {1}, bank, 20, Ties::Pessimistic), (std::vector<double>{3}));
  EXPECT_EQ(querybank_ranks(text, video, {1}, bank, 20, Ties::Legacy), (std::vector<double>{1, 2, 3}));
}

TEST(QuerybankNorm, RefusesAnEmptyBankAndValuesThatAreNoNumbers) {
  expect_error([] { (void)querybank_ranks(kHub, unit_vectors(3), kOwn, Matrix(0, 3), 20); },
               Fault::InvalidArgument, "no sentence");
  Matrix bank(1, 3);
  bank.data()[1] = std::numeric_limits<float>::quiet_NaN();
  expect_error([&] { (void)querybank_ranks(kHub, unit_vectors(3), kOwn, bank, 20); }, Fault::Corrupt, "NaN");
}

}  // namespace
}  // namespace tvr
