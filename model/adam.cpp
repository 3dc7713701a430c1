#include "model/adam.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/kernels/kernels.h"
#include "model/linear.h"
#include "model/parallel.h"

namespace tvr {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr std::int64_t kRowsAtOnce =
    16;  // 16 rows of 4096 gradients are 256 KiB: they stay in the second-level cache

void update_layer(Linear& layer, Linear& mean, Linear& variance, const LinearGradient& gradient,
                  const AdamRates& rates) {
  const std::int64_t cols = layer.weight.cols();
  const Matrix dy_transposed = transposed(gradient.dy);
  const std::int64_t blocks = (layer.weight.rows() + kRowsAtOnce - 1) / kRowsAtOnce;
  parallel_for(blocks, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<float> rows(static_cast<std::size_t>(kRowsAtOnce * cols));
    for (std::int64_t block = first; block < last; ++block) {
      const std::int64_t begin = block * kRowsAtOnce;
      const std::int64_t end = std::min(begin + kRowsAtOnce, layer.weight.rows());
      weight_gradient_rows(dy_transposed, gradient.x, begin, end, rows.data());
      kernels().adam(layer.weight.row(begin), mean.weight.row(begin), variance.weight.row(begin), rows.data(),
                     (end - begin) * cols, rates);
    }
  });
  std::vector<float> bias(layer.bias.size());
  for (std::int64_t n = 0; n < gradient.dy.rows(); ++n) {
    for (std::size_t d = 0; d < bias.size(); ++d) bias[d] += gradient.dy.row(n)[d];
  }
  kernels().adam(layer.bias.data(), mean.bias.data(), variance.bias.data(), bias.data(), gradient.dy.cols(),
                 rates);
}

AdamRates rates_at(std::int64_t step, double lr) {
  const auto t = static_cast<double>(step);
  return {static_cast<float>(lr / (1 - std::pow(kBeta1, t))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, t)))};
}

}  // namespace

void adam_step(Parameters& parameters, AdamState& state, const Gradients& gradients, double lr) {
  const AdamRates rates = rates_at(++state.step, lr);
  for (std::size_t l = 0; l < kLayers; ++l) {
    update_layer(parameters[l], state.mean[l], state.variance[l], gradients[l], rates);
  }
}

void adam_step(AdamScalar& scalar, std::int64_t step, double gradient, double lr) {
  const auto g = static_cast<float>(gradient);
  kernels().adam(&scalar.value, &scalar.mean, &scalar.variance, &g, 1, rates_at(step, lr));
}

}  // namespace tvr
