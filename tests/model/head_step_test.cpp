#include "model/head_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "head_fixture.h"
#include "model/parallel.h"

namespace tvr {
namespace {

using testing::random_matrix;
using testing::small_batch;
using testing::small_head;
using testing::unit_rows;

using Rows = std::vector<std::vector<double>>;

/// The head's formula by plain code in double precision.
Rows plain_side(const Matrix& weight, const Matrix& x) {
  Rows rows;
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    std::vector<double> row;
    double squares = 0;
    for (std::int64_t d = 0; d < weight.rows(); ++d) {
      double value = x.row(n)[d];
      for (std::int64_t i = 0; i < x.cols(); ++i) value += double{weight.row(d)[i]} * x.row(n)[i];
      row.push_back(value);
      squares += value * value;
    }
    for (double& value : row) value /= std::sqrt(squares);
    rows.push_back(row);
  }
  return rows;
}

double plain_loss(const Head& head, const HeadBatch& batch) {
  const Rows text = plain_side(head.text, batch.text), video = plain_side(head.video, batch.video);
  const auto logit = [&](std::size_t i, std::size_t j) {
    double sum = 0;
    for (std::size_t d = 0; d < text[i].size(); ++d) sum += text[i][d] * video[j][d];
    return std::exp(double{head.log_scale}) * sum;
  };
  double loss = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    double over_videos = 0, over_texts = 0;
    for (std::size_t j = 0; j < text.size(); ++j) {
      if (j != i && batch.groups[j] == batch.groups[i]) continue;
      over_videos += std::exp(logit(i, j));
      over_texts += std::exp(logit(j, i));
    }
    loss += 0.5 * (std::log(over_videos) + std::log(over_texts)) - logit(i, i);
  }
  return loss / static_cast<double>(text.size());
}

double gradient_at(const LinearGradient& gradient, std::int64_t out, std::int64_t in) {
  double sum = 0;
  for (std::int64_t n = 0; n < gradient.dy.rows(); ++n)
    sum += double{gradient.dy.row(n)[out]} * gradient.x.row(n)[in];
  return sum;
}

/// (loss at value + step - loss at value - step) / their distance.
double slope(float& value, const std::function<double()>& loss) {
  constexpr float kStep = 1e-3F;
  const float kept = value;
  const float above = kept + kStep, below = kept - kStep;
  value = above;
  const double high = loss();
  value = below;
  const double low = loss();
  value = kept;
  return (high - low) / (double{above} - below);
}

TEST(HeadStep, GivesTheGradientsOfCentralDifferences) {
  Head head = small_head();
  const HeadBatch batch = small_batch();
  const HeadStep step = head_step(head, batch);
  const auto loss = [&] { return plain_loss(head, batch); };
  EXPECT_NEAR(step.loss, loss(), 1e-5);
  EXPECT_NEAR(step.d_log_scale, slope(head.log_scale, loss), 1e-4);
  for (std::int64_t d = 0; d < 6; ++d) {
    for (std::int64_t i = 0; i < 6; ++i)
      EXPECT_NEAR(gradient_at(step.text, d, i), slope(head.text.row(d)[i], loss), 1e-4);
    for (std::int64_t i = 0; i < 10; ++i)
      EXPECT_NEAR(gradient_at(step.video, d, i), slope(head.video.row(d)[i], loss), 1e-4);
  }
}

TEST(HeadStep, GivesEqualBitsWithAnyNumberOfThreads) {
  const Head head{random_matrix(64, 64, 1), random_matrix(64, 160, 2), 3};
  const auto batch = [] {
    HeadBatch made{unit_rows(random_matrix(96, 64, 3)), unit_rows(random_matrix(96, 160, 4)), {}};
    for (std::int32_t i = 0; i < 96; ++i) made.groups.push_back(i);
    return made;
  };
  set_compute_threads(1);
  const HeadStep one = head_step(head, batch());
  set_compute_threads(3);
  const HeadStep three = head_step(head, batch());
  set_compute_threads(0);
  EXPECT_EQ(one.loss, three.loss);
  EXPECT_EQ(one.d_log_scale, three.d_log_scale);
  for (std::int64_t i = 0; i < 96 * 64; ++i) {
    ASSERT_EQ(one.text.dy.data()[i], three.text.dy.data()[i]);
    ASSERT_EQ(one.video.dy.data()[i], three.video.dy.data()[i]);
  }
}

}  // namespace
}  // namespace tvr
