#include "model/adam.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pair_fixture.h"

namespace tvr {
namespace {

using testing::random_matrix;

/// Ten steps of torch.optim.Adam's formula in double precision, for one value.
TEST(Adam, FollowsTheFormulaOverTenSteps) {
  const EmbeddingShape shape{5, 7, 37, 4};
  Parameters parameters = initial_parameters(shape, 1);
  const Parameters before = parameters;
  AdamState state{zero_parameters(shape), zero_parameters(shape), 0};
  Matrix mean(37, 7), variance(37, 7);
  std::vector<double> value(before[kVideoFc].weight.data(), before[kVideoFc].weight.data() + 37 * 7);
  std::vector<double> m(value.size()), v(value.size());
  for (std::uint64_t t = 1; t <= 10; ++t) {
    Gradients gradients;
    for (std::size_t l = 0; l < kLayers; ++l) {
      gradients[l] = {random_matrix(3, 37, 10 * t + l),
                      random_matrix(3, before[l].weight.cols(), 100 * t + l)};
    }
    adam_step(parameters, state, gradients, 1e-2);
    const LinearGradient& factors = gradients[kVideoFc];
    for (std::size_t k = 0; k < value.size(); ++k) {
      double g = 0;
      for (std::int64_t n = 0; n < 3; ++n) {
        g += static_cast<double>(factors.dy.row(n)[k / 7]) * static_cast<double>(factors.x.row(n)[k % 7]);
      }
      m[k] = 0.9 * m[k] + 0.1 * g;
      v[k] = 0.999 * v[k] + 0.001 * g * g;
      const double td = static_cast<double>(t);
      value[k] -= 1e-2 / (1 - std::pow(0.9, td)) * m[k] /
                  (std::sqrt(v[k]) / std::sqrt(1 - std::pow(0.999, td)) + 1e-8);
    }
  }
  for (std::size_t k = 0; k < value.size(); ++k) {
    EXPECT_NEAR(static_cast<double>(parameters[kVideoFc].weight.data()[k]), value[k], 2e-6);
  }
}

TEST(Adam, MovesEveryBias) {
  const EmbeddingShape shape{2, 3, 5, 4};
  Parameters parameters = zero_parameters(shape);
  AdamState state{zero_parameters(shape), zero_parameters(shape), 0};
  Gradients gradients;
  for (std::size_t l = 0; l < kLayers; ++l) {
    gradients[l] = {Matrix(2, 5), Matrix(2, parameters[l].weight.cols())};
    for (std::int64_t d = 0; d < 5; ++d) gradients[l].dy.row(1)[d] = d % 2 == 0 ? 3.0F : -0.5F;
  }
  adam_step(parameters, state, gradients, 0.25);
  for (const Linear& layer :
       parameters) {  // the first step has the size of the rate, whatever the gradient's size
    for (std::size_t d = 0; d < 5; ++d) EXPECT_NEAR(layer.bias[d], d % 2 == 0 ? -0.25F : 0.25F, 1e-6F);
  }
}

}  // namespace
}  // namespace tvr
