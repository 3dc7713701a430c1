#include "model/head_step.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/adam.h"
#include "model/linear.h"
#include "model/parallel.h"
#include "model/ranking_loss.h"

namespace tvr {
namespace {

constexpr float kSmallestNorm = 1e-12F;  // torch.nn.functional.normalize
constexpr std::int64_t kElementCost = 4;

float dot(const float* a, const float* b, std::int64_t count) {
  float sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// One side of the head; keeps what its backward pass needs.
class Side {
 public:
  Side(const Matrix& weight, Matrix x) : out_(first_columns(x, weight.rows())), x_(std::move(x)) {
    const Matrix residual = multiply_transposed(x_, weight);
    norms_.resize(static_cast<std::size_t>(out_.rows()));
    parallel_for(out_.rows(), kElementCost * out_.cols(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t n = begin; n < end; ++n) {
        float* const row = out_.row(n);
        for (std::int64_t d = 0; d < out_.cols(); ++d) row[d] += residual.row(n)[d];
        const float norm = std::max(std::sqrt(dot(row, row, out_.cols())), kSmallestNorm);
        for (std::int64_t d = 0; d < out_.cols(); ++d) row[d] /= norm;
        norms_[static_cast<std::size_t>(n)] = norm;
      }
    });
  }

  [[nodiscard]] const Matrix& out() const noexcept { return out_; }

  /// Given d(loss)/d(out): (d - out (out . d)) / norm, the derivative before normalisation.
  [[nodiscard]] LinearGradient backward(Matrix d_out) && {
    parallel_for(out_.rows(), kElementCost * out_.cols(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t n = begin; n < end; ++n) {
        const float norm = norms_[static_cast<std::size_t>(n)];
        float* const d = d_out.row(n);
        // A row whose norm was clamped was divided by a constant: there is nothing to project out.
        const float along = norm > kSmallestNorm ? dot(out_.row(n), d, out_.cols()) : 0.0F;
        for (std::int64_t i = 0; i < out_.cols(); ++i) d[i] = (d[i] - out_.row(n)[i] * along) / norm;
      }
    });
    return {std::move(d_out), std::move(x_)};
  }

 private:
  Matrix out_, x_;
  std::vector<float> norms_;  // of the rows before normalisation
};

void shrink(Matrix& weight, float factor) {
  parallel_for(weight.rows(), weight.cols(), [&](std::int64_t begin, std::int64_t end) {
    for (float* value = weight.row(begin); value != weight.row(end); ++value) *value *= factor;
  });
}

}  // namespace

HeadStep head_step(const Head& head, HeadBatch batch) {
  Side text(head.text, std::move(batch.text));
  Side video(head.video, std::move(batch.video));
  const Loss loss = nce_loss(multiply_transposed(text.out(), video.out()),
                             static_cast<double>(head.log_scale), batch.groups);
  Matrix d_text = multiply(loss.d_similarity, video.out());
  Matrix d_video = multiply(transposed(loss.d_similarity), text.out());
  return {loss.value, std::move(text).backward(std::move(d_text)),
          std::move(video).backward(std::move(d_video)), loss.d_log_scale};
}

void update(Head& head, HeadMoments& moments, const HeadStep& step, double lr, double weight_decay) {
  Head &mean = moments.mean, &variance = moments.variance;
  const AdamRates rates = adam_rates(++moments.steps, lr);
  const auto kept = static_cast<float>(std::max(0.0, 1 - lr * weight_decay));
  shrink(head.text, kept);
  shrink(head.video, kept);
  adam_step(head.text, mean.text, variance.text, step.text, rates);
  adam_step(head.video, mean.video, variance.video, step.video, rates);
  AdamScalar scale{head.log_scale, mean.log_scale, variance.log_scale};
  adam_step(scale, moments.steps, step.d_log_scale, lr);
  head.log_scale = std::min(scale.value, static_cast<float>(kHighestLogScale));
  mean.log_scale = scale.mean;
  variance.log_scale = scale.variance;
}

}  // namespace tvr
