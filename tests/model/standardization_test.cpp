#include "model/standardization.h"

#include <gtest/gtest.h>

#include "data/error.h"
#include "model/joint_embedding.h"
#include "model/parameters.h"
#include "tests/model/pair_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::random_matrix;

TEST(Standardization, GivesEveryColumnMeanZeroAndDeviationOne) {
  Matrix clips = random_matrix(50, 6, 1);
  for (std::int64_t i = 0; i < 50; ++i) clips.row(i)[3] = 0.5F;  // does not vary
  Standardization(clips).apply(clips);
  for (std::int64_t d = 0; d < 6; ++d) {
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < 50; ++i) {
      sum += static_cast<double>(clips.row(i)[d]);
      squares += static_cast<double>(clips.row(i)[d]) * static_cast<double>(clips.row(i)[d]);
    }
    EXPECT_NEAR(sum / 50, 0, 1e-6) << d;
    EXPECT_NEAR(squares / 50, d == 3 ? 0 : 1, 1e-5) << d;
  }
}

TEST(Standardization, FoldedIntoTheWeightsGivesTheSameEmbeddingsOfClipsAsTheyAre) {
  const Matrix clips = random_matrix(20, 6, 2);
  const Standardization standardization(random_matrix(50, 6, 3));
  Matrix standardized = clips;
  standardization.apply(standardized);
  NamedTensors weights = state_of(initial_parameters({4, 6, 8, 5}, 1));
  const Matrix wanted = JointEmbedding(weights, 5).embed_video(standardized);
  standardization.fold_into(weights);
  const Matrix seen = JointEmbedding(weights, 5).embed_video(clips);
  for (std::int64_t i = 0; i < wanted.rows() * wanted.cols(); ++i) {
    EXPECT_NEAR(seen.data()[i], wanted.data()[i], 2e-6) << i;
  }
}

TEST(Standardization, RefusesWhatDoesNotFit) {
  testing::expect_error([] { const Standardization none(Matrix(0, 4)); }, Fault::InvalidArgument,
                        "no training clip");
  NamedTensors weights = state_of(initial_parameters({4, 6, 8, 5}, 1));
  testing::expect_error([&] { Standardization(random_matrix(3, 5, 1)).fold_into(weights); }, Fault::Mismatch,
                        "it takes 6 values, the clips have 5");
}

}  // namespace
}  // namespace tvr
