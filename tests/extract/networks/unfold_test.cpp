#include "extract/networks/unfold.h"

#include <gtest/gtest.h>

#include <cstring>

namespace tvr {
namespace {

float as_float(std::uint16_t bf16) {
  const std::uint32_t bits = static_cast<std::uint32_t>(bf16) << 16U;
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

NetworkStep first_step() {
  NetworkStep step;
  step.in_channels = 3;
  step.out_channels = 2;
  step.kernel = {1, 2, 5};
  step.stride = {1, 1, 2};
  step.padding = {0, 0, 2};
  return step;
}

TEST(Unfold, MakesTheColumnsOfAKernelChannels) {
  const NetworkStep step = unfolded(first_step());
  EXPECT_EQ(step.in_channels, 16) << "15, rounded up";
  EXPECT_EQ(step.kernel, (std::array<int, 3>{1, 2, 1}));
  EXPECT_EQ(step.stride, (std::array<int, 3>{1, 1, 1}));
  EXPECT_EQ(step.padding, (std::array<int, 3>{0, 0, 0}));
}

TEST(Unfold, PutsEachColumnWhereItsWeightsAre) {
  constexpr int kHeight = 2, kWidth = 7, kColumns = 4;
  std::vector<float> planes, weights;
  for (int i = 0; i < 2 * 3 * kHeight * kWidth; ++i)
    planes.push_back(static_cast<float>(i % 64 - 30));  // exact in bf16
  for (int i = 0; i < 2 * 3 * 2 * 5; ++i) weights.push_back(static_cast<float>(i % 17 - 8));
  std::vector<std::uint16_t> wide(2 * kHeight * kColumns * 16, 0xFFFF);
  unfold_columns(planes.data(), 2, 1, kHeight, kWidth, first_step(), wide.data());
  const std::vector<float> wide_weights = unfold_weights(weights, first_step());
  for (std::size_t clip = 0; clip < 2; ++clip) {
    for (std::size_t out = 0; out < 2; ++out) {
      for (int column = 0; column < kColumns; ++column) {
        float wanted = 0, sum = 0;
        for (std::size_t row = 0; row < kHeight; ++row) {
          for (std::size_t color = 0; color < 3; ++color) {
            for (int x = 0; x < 5; ++x) {
              const int at = 2 * column - 2 + x;
              if (at < 0 || at >= kWidth) continue;
              wanted += planes[((clip * 3 + color) * kHeight + row) * kWidth + static_cast<std::size_t>(at)] *
                        weights[((out * 3 + color) * 2 + row) * 5 + static_cast<std::size_t>(x)];
            }
          }
          for (std::size_t channel = 0; channel < 16; ++channel) {
            const std::size_t place =
                ((clip * kHeight + row) * kColumns + static_cast<std::size_t>(column)) * 16;
            sum += as_float(wide[place + channel]) * wide_weights[(out * 16 + channel) * 2 + row];
          }
        }
        EXPECT_EQ(sum, wanted) << clip << " " << out << " " << column;
      }
    }
  }
}

}  // namespace
}  // namespace tvr
