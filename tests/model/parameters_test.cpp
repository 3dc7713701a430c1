#include "model/parameters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tvr {
namespace {

/// The largest distance between the values' distribution and that of uniform numbers in +-bound, times the
/// root of their number: above 1.95 once in a thousand samples (Kolmogorov and Smirnov).
double distance_from_uniform(const float* values, std::int64_t count, double bound) {
  std::vector<float> sorted(values, values + count);
  std::sort(sorted.begin(), sorted.end());
  double farthest = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double wanted = (static_cast<double>(sorted[i]) / bound + 1) / 2;
    const double n = static_cast<double>(sorted.size()), below = static_cast<double>(i);
    farthest = std::max({farthest, std::abs(wanted - below / n), std::abs(wanted - (below + 1) / n)});
  }
  return farthest * std::sqrt(static_cast<double>(count));
}

/// torch.nn.Linear.reset_parameters: kaiming_uniform(a = sqrt 5) is uniform in +-1/sqrt(inputs), and so is
/// the bias.
TEST(InitialParameters, AreDistributedAsPyTorchsAre) {
  const Parameters parameters = initial_parameters({30, 500, 400, 20}, 1);
  for (const Linear& layer : parameters) {
    const double bound = 1 / std::sqrt(static_cast<double>(layer.weight.cols()));
    EXPECT_LT(distance_from_uniform(layer.weight.data(), layer.weight.rows() * layer.weight.cols(), bound),
              1.95);
    EXPECT_LT(distance_from_uniform(layer.bias.data(), static_cast<std::int64_t>(layer.bias.size()), bound),
              1.95);
  }
}

TEST(InitialParameters, DifferBetweenLayersRowsAndSeeds) {
  const Parameters one = initial_parameters({40, 40, 40, 20}, 1),
                   two = initial_parameters({40, 40, 40, 20}, 2);
  for (std::size_t l = 0; l < kLayers; ++l) {
    EXPECT_NE(one[l].weight.row(0)[0], two[l].weight.row(0)[0]);
    EXPECT_NE(one[l].weight.row(0)[0], one[l].weight.row(1)[0]);
    EXPECT_NE(one[l].weight.row(0)[0], one[l].bias[0]);
    for (std::size_t other = 0; other < l; ++other)
      EXPECT_NE(one[l].weight.row(0)[0], one[other].weight.row(0)[0]);
  }
}

TEST(StateOf, GoesBackToTheSameParameters) {
  const Parameters parameters = initial_parameters({5, 7, 11, 20}, 1);
  const Parameters again = parameters_of(state_of(parameters));
  for (std::size_t l = 0; l < kLayers; ++l) {
    EXPECT_EQ(again[l].bias, parameters[l].bias);
    EXPECT_TRUE(std::equal(again[l].weight.data(),
                           again[l].weight.data() + again[l].weight.rows() * again[l].weight.cols(),
                           parameters[l].weight.data()));
  }
}

}  // namespace
}  // namespace tvr
