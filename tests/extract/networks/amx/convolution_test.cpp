#include "extract/networks/amx/convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/guarded.h"
#include "tests/support/plain_convolution.h"
#include "towers/onednn.h"

namespace tvr {
namespace {

using amx::Bf16;

std::size_t of(int value) { return static_cast<std::size_t>(value); }

float widened(Bf16 value) {
  const std::uint32_t bits = static_cast<std::uint32_t>(value) << 16U;
  float wide = 0;
  std::memcpy(&wide, &bits, sizeof wide);
  return wide;
}

/// Of a number that is exact in bf16.
Bf16 narrowed(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  EXPECT_EQ(bits & 0xFFFFU, 0U) << value << " is not exact in bf16";
  return static_cast<Bf16>(bits >> 16U);
}

/// Rounded to the nearest number of 8 significant bits, ties to even.
float as_bf16(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8));
}

/// Whole numbers from -4 to 4: their products' sums are exact in float32, in any order.
std::vector<float> whole_numbers(std::size_t count, unsigned seed) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<int>((seed >> 16U) % 9U) - 4);
  }
  return values;
}

Guarded<Bf16> narrowed(const std::vector<float>& values) {
  Guarded<Bf16> narrow(values.size());
  std::transform(values.begin(), values.end(), narrow.data(), [](float value) { return narrowed(value); });
  return narrow;
}

amx::Convolution tiled(const PlainConvolution& layer) {
  const auto box = [](const PlainConvolution::Sizes& sizes) {
    return amx::Box{sizes[0], sizes[1], sizes[2]};
  };
  return {layer.in,          layer.out,         layer.groups,      box(layer.source),
          box(layer.kernel), box(layer.stride), box(layer.padding)};
}

/// Sums of whole numbers are exact, so the result is theirs rounded once, to the bit.
void expect_rounded_sums(const PlainConvolution& layer, bool add, bool relu) {
  const bool colors = layer.in == amx::kColors;
  const amx::Convolution shape = tiled(layer);
  const std::size_t from = layer.volume(layer.source), to = layer.volume(layer.result());
  const std::vector<float> source = whole_numbers(of(layer.in) * from, 1),
                           weights = whole_numbers(layer.weight_count(), 2),
                           before = whole_numbers(of(layer.out) * to, 4);
  const std::vector<float> some = whole_numbers(of(layer.out), 3);
  Guarded<float> bias(of(layer.out)), planes(colors ? source.size() : 0);
  std::copy(some.begin(), some.end(), bias.data());
  if (colors) std::copy(source.begin(), source.end(), planes.data());
  Guarded<Bf16> narrow = narrowed(source), result = narrowed(before), panels(amx::panel_values(shape));
  Guarded<std::byte> scratch(amx::scratch_bytes(shape));
  std::memset(scratch.data(), 0x7F, scratch.size());  // what is not written is not zero, and large
  amx::pack(shape, weights.data(), panels.data());
  amx::convolve(shape, colors ? static_cast<void*>(planes.data()) : narrow.data(), panels.data(),
                {bias.data(), add, relu}, result.data(), scratch.data());
  EXPECT_TRUE(panels.is_guarded());
  EXPECT_TRUE(result.is_guarded());
  EXPECT_TRUE(scratch.is_guarded());
  // Planes of colours, or channels last.
  const auto value = [&](int channel, int position) {
    return source[colors ? of(channel) * from + of(position) : of(position) * of(layer.in) + of(channel)];
  };
  layer.for_results([&](const PlainConvolution::Sizes& at, int position) {
    for (int channel = position % 3; channel < layer.out; channel += 5) {  // every lane has its turn
      const std::size_t i = of(position) * of(layer.out) + of(channel);
      double wanted = layer.sum(channel, at, value, [&](std::size_t w) { return weights[w]; });
      wanted += bias[of(channel)];
      if (add) wanted += before[i];
      if (relu) wanted = std::max(wanted, 0.0);
      ASSERT_EQ(widened(result[i]), as_bf16(wanted)) << "channel " << channel << " at position " << position;
    }
  });
}

PlainConvolution layer(int in, int out, const PlainConvolution::Sizes& source,
                       const PlainConvolution::Sizes& kernel, const PlainConvolution::Sizes& stride,
                       int groups = 1) {
  PlainConvolution made{in, out, groups, source, kernel, stride};
  for (std::size_t i = 0; i < 3; ++i) made.padding[i] = kernel[i] / 2;
  return made;
}

class AmxConvolution : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!onednn::has_amx() || !amx::request_tiles())
      GTEST_SKIP() << "this processor has no AMX; Backbone.* tests its kernels";
  }
};

TEST_F(AmxConvolution, ProductEqualsRoundedSums) {
  for (const int width : {1, 2, 15, 16, 17, 31, 32, 33, 70}) {  // one block or several, full or not
    for (const bool add : {false, true}) {
      for (const bool relu : {false, true}) {
        SCOPED_TRACE(width);
        expect_rounded_sums(layer(96, 64, {1, 1, width}, {1, 1, 1}, {1, 1, 1}), add, relu);
      }
    }
  }
  expect_rounded_sums(layer(32, 96, {2, 5, 7}, {1, 1, 1}, {1, 1, 1}), true, true);
}

TEST_F(AmxConvolution, ProductInSeveralStripsEqualsRoundedSums) {
  expect_rounded_sums(layer(1024, 32, {1, 21, 37}, {1, 1, 1}, {1, 1, 1}), true, false);
}

TEST_F(AmxConvolution, PointwiseLeavesOutWhatAStrideLeavesOut) {
  expect_rounded_sums(layer(32, 32, {1, 5, 8}, {1, 1, 1}, {1, 2, 2}), false, false);
  expect_rounded_sums(layer(64, 32, {3, 4, 7}, {1, 1, 1}, {2, 2, 2}), true, true);
  expect_rounded_sums(layer(32, 64, {4, 3, 3}, {1, 1, 1}, {2, 1, 1}), false, true);
}

TEST_F(AmxConvolution, SquareKernelEqualsRoundedSumsAtAnyEdge) {
  for (const int stride : {1, 2}) {
    for (const int height : {1, 2, 5, 8}) {
      for (const int width : {1, 2, 7, 35}) {
        const bool odd = (height + width) % 2 == 1;
        SCOPED_TRACE(std::to_string(height) + " x " + std::to_string(width) + ", stride " +
                     std::to_string(stride));
        expect_rounded_sums(layer(64, 32, {1, height, width}, {1, 3, 3}, {1, stride, stride}), odd, !odd);
      }
    }
  }
}

TEST_F(AmxConvolution, KernelInTimeEqualsRoundedSumsAtAnyEdge) {
  for (const int groups : {1, 2}) {
    for (const int stride : {1, 2}) {
      for (const int frames : {1, 2, 5}) {
        SCOPED_TRACE(std::to_string(groups) + " groups, " + std::to_string(frames) + " frames, stride " +
                     std::to_string(stride));
        expect_rounded_sums(layer(64, 64, {frames, 6, 9}, {3, 3, 3}, {stride, stride, stride}, groups),
                            groups == 1, stride == 1);
      }
    }
  }
}

TEST_F(AmxConvolution, KernelInTimeInSeveralStripsEqualsRoundedSums) {
  expect_rounded_sums(layer(64, 32, {4, 40, 49}, {3, 3, 3}, {1, 1, 1}), true, true);
}

TEST_F(AmxConvolution, FirstConvolutionReadsPlanesOfColors) {
  for (const int width : {1, 2, 9, 40}) {
    SCOPED_TRACE(width);
    expect_rounded_sums(layer(3, 64, {1, 11, width}, {1, 7, 7}, {1, 2, 2}), false, true);
    expect_rounded_sums(layer(3, 32, {5, 8, width}, {7, 7, 7}, {1, 2, 2}), false, false);
    expect_rounded_sums(layer(3, 32, {3, 4, width}, {3, 3, 3}, {1, 1, 1}), true, true);
  }
}

}  // namespace
}  // namespace tvr
