#include "model/standardization.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "data/error.h"
#include "model/parameters.h"

namespace tvr {

Standardization::Standardization(const Matrix& clips)
    : mean_(static_cast<std::size_t>(clips.cols())), deviation_(mean_.size()) {
  if (clips.rows() == 0) throw Error(Fault::InvalidArgument, "standardization", "there is no training clip");
  const auto count = static_cast<double>(clips.rows());
  const auto add_to = [&](std::vector<double>& sums, auto value_of) {
    for (std::int64_t i = 0; i < clips.rows(); ++i) {
      for (std::size_t d = 0; d < sums.size(); ++d)
        sums[d] += value_of(static_cast<double>(clips.row(i)[d]), d) / count;
    }
  };
  add_to(mean_, [](double x, std::size_t) { return x; });
  add_to(deviation_, [&](double x, std::size_t d) { return (x - mean_[d]) * (x - mean_[d]); });
  for (double& deviation : deviation_) {
    constexpr double kSmallest = 1e-6;  // smaller deviations are rounding errors: features have unit norm
    deviation = std::sqrt(deviation) < kSmallest ? 1 : std::sqrt(deviation);
  }
}

void Standardization::apply(Matrix& clips) const {
  for (std::int64_t i = 0; i < clips.rows(); ++i) {
    for (std::size_t d = 0; d < mean_.size(); ++d) {
      float& value = clips.row(i)[d];
      value = static_cast<float>((static_cast<double>(value) - mean_[d]) / deviation_[d]);
    }
  }
}

void Standardization::require_width(const Linear& layer) const {
  if (layer.weight.cols() == static_cast<std::int64_t>(mean_.size())) return;
  throw Error(Fault::Mismatch, kLayerNames[kVideoFc],
              "it takes " + std::to_string(layer.weight.cols()) + " values, the clips have " +
                  std::to_string(mean_.size()),
              "Extract the lanes, and pool them, as the checkpoint was trained");
}

void Standardization::unfold_from(NamedTensors& weights) const {
  Parameters parameters = parameters_of(weights);
  Linear& layer = parameters[kVideoFc];
  require_width(layer);
  for (std::int64_t o = 0; o < layer.weight.rows(); ++o) {
    double shift = 0;
    for (std::size_t d = 0; d < mean_.size(); ++d) {
      float& weight = layer.weight.row(o)[d];
      shift += static_cast<double>(weight) * mean_[d];
      weight = static_cast<float>(static_cast<double>(weight) * deviation_[d]);
    }
    float& bias = layer.bias[static_cast<std::size_t>(o)];
    bias = static_cast<float>(static_cast<double>(bias) + shift);
  }
  weights = state_of(parameters);
}

void Standardization::fold_into(NamedTensors& weights) const {
  Parameters parameters = parameters_of(weights);
  Linear& layer = parameters[kVideoFc];
  require_width(layer);
  for (std::int64_t o = 0; o < layer.weight.rows(); ++o) {
    double shift = 0;
    for (std::size_t d = 0; d < mean_.size(); ++d) {
      float& weight = layer.weight.row(o)[d];
      const double folded = static_cast<double>(weight) / deviation_[d];
      shift += folded * mean_[d];
      weight = static_cast<float>(folded);
    }
    float& bias = layer.bias[static_cast<std::size_t>(o)];
    bias = static_cast<float>(static_cast<double>(bias) - shift);
  }
  weights = state_of(parameters);
}

}  // namespace tvr
