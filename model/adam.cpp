#include "model/adam.h"

#include <cmath>
#include <vector>

#include "model/distributed/share.h"
#include "model/kernels/kernels.h"
#include "model/linear.h"
#include "model/parallel.h"

namespace tvr {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr std::int64_t kAdamCost = 32;  // of updating one value, in multiplications

void update_layer(Linear& layer, Linear& mean, Linear& variance, const LinearGradient& gradient,
                  const AdamRates& rates, Collective& group) {
  constexpr auto kBytes = static_cast<std::int64_t>(sizeof(float));
  const std::int64_t rows = layer.weight.rows();
  const Share mine = share_of(rows, group);
  adam_step(layer.weight, mean.weight, variance.weight, gradient, rates, mine.first);
  std::vector<float> bias(layer.bias.size());
  for (std::int64_t n = 0; n < gradient.dy.rows(); ++n) {
    const float* const dy = gradient.dy.row(n);
    for (std::int64_t d = mine.first; d < mine.past; ++d) bias[static_cast<std::size_t>(d)] += dy[d];
  }
  if (group.size() > 1) {
    group.all_gather(layer.weight.row(mine.first), layer.weight.data(),
                     bytes_of_shares(rows, layer.weight.cols() * kBytes, group));
    group.all_gather(bias.data() + mine.first, bias.data(), bytes_of_shares(rows, kBytes, group));
  }
  // The whole bias on every process: how this kernel rounds depends on an element's place in the array.
  kernels().adam(layer.bias.data(), mean.bias.data(), variance.bias.data(), bias.data(), rows, rates);
}

}  // namespace

AdamRates adam_rates(std::int64_t step, double lr) noexcept {
  const auto t = static_cast<double>(step);
  return {static_cast<float>(lr / (1 - std::pow(kBeta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, t)))};
}

void adam_step(Parameters& parameters, AdamState& state, const Gradients& gradients, double lr,
               Collective& group) {
  const AdamRates rates = adam_rates(++state.step, lr);
  for (std::size_t l = 0; l < kLayers; ++l) {
    update_layer(parameters[l], state.mean[l], state.variance[l], gradients[l], rates, group);
  }
}

void adam_step(Matrix& weight, Matrix& mean, Matrix& variance, const LinearGradient& gradient,
               const AdamRates& rates, std::int64_t first) {
  const std::int64_t cols = weight.cols(), batch = gradient.dy.rows();
  const Matrix dy_transposed = transposed(gradient.dy, first, first + mean.rows());
  const std::vector<float> x = packed(gradient.x);
  parallel_for(mean.rows(), (batch + kAdamCost) * cols, [&](std::int64_t begin, std::int64_t end) {
    kernels().multiply_adam({dy_transposed.row(begin), batch, 1, x.data(), 0, weight.row(first + begin), cols,
                             end - begin, cols, batch},
                            mean.row(begin), variance.row(begin), rates);
  });
}

void adam_step(AdamScalar& scalar, std::int64_t step, double gradient, double lr) {
  const auto g = static_cast<float>(gradient);
  kernels().adam(&scalar.value, &scalar.mean, &scalar.variance, &g, 1, adam_rates(step, lr));
}

}  // namespace tvr
