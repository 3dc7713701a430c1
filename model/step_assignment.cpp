#include "model/step_assignment.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace tvr {
namespace {

constexpr double kUnreachable = std::numeric_limits<double>::infinity();

/// The sums of one frame's states and, per state, how many states back the way came from.
///
/// Of 2 K + 1 states the even ones are the background before, between and after the steps, 2 j + 1 is step j.
class States {
 public:
  States(const Matrix& costs, const AssignmentRules& rules)
      : costs_(costs),
        rules_(rules),
        count_(2 * static_cast<std::size_t>(costs.cols()) + 1),
        sums_(count_, kUnreachable),
        back_(static_cast<std::size_t>(costs.rows()) * count_) {
    sums_[0] = 0;
    for (std::int64_t t = 0; t < costs.rows(); ++t) advance(t);
  }

  [[nodiscard]] std::vector<std::int32_t> step_of_frame() const {
    std::vector<std::int32_t> steps(static_cast<std::size_t>(costs_.rows()), kNone);
    std::size_t state = count_ - 1;
    if (!(sums_[state] < sums_[state - 1])) --state;
    if (sums_[state] == kUnreachable) return steps;
    for (std::size_t t = steps.size(); t > 0; --t) {
      if (state % 2 == 1) steps[t - 1] = static_cast<std::int32_t>(state / 2);
      state -= back_[(t - 1) * count_ + state];
    }
    return steps;
  }

 private:
  void advance(std::int64_t t) {
    std::uint8_t* const back = back_.data() + static_cast<std::size_t>(t) * count_;
    std::vector<double> next(count_);
    for (std::size_t state = 0; state < count_; ++state) {
      const bool is_step = state % 2 == 1;
      double best = kUnreachable;
      const auto consider = [&](std::size_t states_back) {
        if (states_back > state || !(sums_[state - states_back] < best)) return;
        best = sums_[state - states_back];
        back[state] = static_cast<std::uint8_t>(states_back);
      };
      if (!is_step || !rules_.exactly_one) consider(0);
      consider(1);
      if (is_step) consider(2);
      next[state] = best + (is_step ? static_cast<double>(costs_.row(t)[state / 2]) : rules_.background_cost);
    }
    sums_.swap(next);
  }

  const Matrix& costs_;
  const AssignmentRules& rules_;
  std::size_t count_;
  std::vector<double> sums_;
  std::vector<std::uint8_t> back_;  // [T, count]
};

}  // namespace

std::vector<std::int32_t> assign_in_order(const Matrix& costs, const AssignmentRules& rules) {
  if (costs.rows() < costs.cols())  // not even reachable; the states of many steps need not be kept
    return std::vector<std::int32_t>(static_cast<std::size_t>(costs.rows()), kNone);
  return States(costs, rules).step_of_frame();
}

std::vector<std::int32_t> frames_in_order(const Matrix& scores) {
  Matrix costs(scores.rows(), scores.cols());
  std::transform(scores.data(), scores.data() + scores.rows() * scores.cols(), costs.data(),
                 [](float score) { return -score; });
  std::vector<std::int32_t> frames(static_cast<std::size_t>(scores.cols()), kNone);
  const std::vector<std::int32_t> steps = assign_in_order(costs);
  for (std::size_t t = 0; t < steps.size(); ++t)
    if (steps[t] != kNone) frames[static_cast<std::size_t>(steps[t])] = static_cast<std::int32_t>(t);
  return frames;
}

std::vector<std::int32_t> frames_in_any_order(const Matrix& scores) {
  std::vector<std::int32_t> frames(static_cast<std::size_t>(scores.cols()), scores.rows() > 0 ? 0 : kNone);
  for (std::int64_t t = 1; t < scores.rows(); ++t) {
    for (std::size_t j = 0; j < frames.size(); ++j)
      if (scores.row(t)[j] > scores.row(frames[j])[j]) frames[j] = static_cast<std::int32_t>(t);
  }
  return frames;
}

std::vector<std::int32_t> uniform_frames(std::int64_t frames, std::int64_t steps) {
  std::vector<std::int32_t> guessed(static_cast<std::size_t>(steps), kNone);
  if (frames < steps) return guessed;
  for (std::int64_t j = 0; j < steps; ++j)
    guessed[static_cast<std::size_t>(j)] = static_cast<std::int32_t>((2 * j + 1) * frames / (2 * steps));
  return guessed;
}

Matrix log_softmax(const Matrix& scores) {
  Matrix logs(scores.rows(), scores.cols());
  for (std::int64_t t = 0; t < scores.rows(); ++t) {
    const float* const row = scores.row(t);
    const double highest = static_cast<double>(*std::max_element(row, row + scores.cols()));
    double sum = 0;
    for (std::int64_t j = 0; j < scores.cols(); ++j) sum += std::exp(static_cast<double>(row[j]) - highest);
    const double norm = highest + std::log(sum);
    for (std::int64_t j = 0; j < scores.cols(); ++j)
      logs.row(t)[j] = static_cast<float>(static_cast<double>(row[j]) - norm);
  }
  return logs;
}

}  // namespace tvr
