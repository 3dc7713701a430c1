#include "model/adam.h"

#include <cmath>
#include <vector>

#include "model/kernels/kernels.h"
#include "model/linear.h"
#include "model/parallel.h"

namespace tvr {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr std::int64_t kAdamCost = 32;  // of updating one value, in multiplications

void update_layer(Linear& layer, Linear& mean, Linear& variance, const LinearGradient& gradient,
                  const AdamRates& rates) {
  adam_step(layer.weight, mean.weight, variance.weight, gradient, rates);
  std::vector<float> bias(layer.bias.size());
  for (std::int64_t n = 0; n < gradient.dy.rows(); ++n) {
    for (std::size_t d = 0; d < bias.size(); ++d) bias[d] += gradient.dy.row(n)[d];
  }
  kernels().adam(layer.bias.data(), mean.bias.data(), variance.bias.data(), bias.data(), gradient.dy.cols(),
                 rates);
}

}  // namespace

AdamRates adam_rates(std::int64_t step, double lr) noexcept {
  const auto t = static_cast<double>(step);
  return {static_cast<float>(lr / (1 - std::pow(kBeta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, t)))};
}

void adam_step(Parameters& parameters, AdamState& state, const Gradients& gradients, double lr) {
  const AdamRates rates = adam_rates(++state.step, lr);
  for (std::size_t l = 0; l < kLayers; ++l) {
    update_layer(parameters[l], state.mean[l], state.variance[l], gradients[l], rates);
  }
}

void adam_step(Matrix& weight, Matrix& mean, Matrix& variance, const LinearGradient& gradient,
               const AdamRates& rates) {
  const std::int64_t cols = weight.cols(), batch = gradient.dy.rows();
  const Matrix dy_transposed = transposed(gradient.dy);
  const std::vector<float> x = packed(gradient.x);
  parallel_for(weight.rows(), (batch + kAdamCost) * cols, [&](std::int64_t begin, std::int64_t end) {
    kernels().multiply_adam(
        {dy_transposed.row(begin), batch, 1, x.data(), 0, weight.row(begin), cols, end - begin, cols, batch},
        mean.row(begin), variance.row(begin), rates);
  });
}

void adam_step(AdamScalar& scalar, std::int64_t step, double gradient, double lr) {
  const auto g = static_cast<float>(gradient);
  kernels().adam(&scalar.value, &scalar.mean, &scalar.variance, &g, 1, adam_rates(step, lr));
}

}  // namespace tvr
