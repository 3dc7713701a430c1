#include "model/linear_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/model/pair_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::random_matrix;

/// Of ten words, and clips of twelve values.
LinearModel random_model() {
  return {random_matrix(10, 4, 1), {0.1F, 0.2F, -0.3F, 0.4F}, random_matrix(12, 4, 2), {1, 0, 0, -1}};
}

TEST(LinearModel, GivesRowsOfUnitLengthThatDoNotDependOnEachOther) {
  const LinearModel model = random_model();
  std::vector<SparseRow> sentences;
  for (std::int32_t i = 0; i < 9; ++i) sentences.push_back({{i, i + 1}, {0.5F, 1.0F}});
  const Matrix texts = model.embed_text(sentences), clips = model.embed_video(random_matrix(9, 12, 5));
  const Matrix one = model.embed_text({sentences[7]});
  for (std::int64_t i = 0; i < texts.rows(); ++i) {
    double squares = 0;
    for (std::int64_t k = 0; k < texts.cols(); ++k)
      squares += static_cast<double>(clips.row(i)[k]) * static_cast<double>(clips.row(i)[k]);
    EXPECT_NEAR(squares, 1, 1e-5);
  }
  for (std::int64_t k = 0; k < texts.cols(); ++k) EXPECT_EQ(one.row(0)[k], texts.row(7)[k]);
}

TEST(LinearModel, IsTheSameReadFromItsTensors) {
  const LinearModel model = random_model(), again(model.state());
  const Matrix clips = random_matrix(9, 12, 5);
  const Matrix a = model.embed_video(clips), b = again.embed_video(clips);
  EXPECT_TRUE(std::equal(a.data(), a.data() + a.rows() * a.cols(), b.data()));
  NamedTensors state = model.state();
  state[1].second.shape = {3};
  expect_error([&] { LinearModel(std::as_const(state)); }, Fault::Mismatch, "text.bias has the shape [3]");
  state.erase(state.begin());
  expect_error([&] { LinearModel(std::as_const(state)); }, Fault::Mismatch, "no tensor text.weight");
}

TEST(LinearModel, RefusesClipsOfAnotherWidth) {
  expect_error([] { (void)random_model().embed_video(Matrix(1, 13)); }, Fault::Mismatch,
               "they have 13 values");
}

}  // namespace
}  // namespace tvr
