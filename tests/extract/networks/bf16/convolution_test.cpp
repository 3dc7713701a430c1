#include "extract/networks/bf16/convolution.h"

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

using bf16::Bf16;

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

bf16::Box box(const PlainConvolution::Sizes& sizes) { return {sizes[0], sizes[1], sizes[2]}; }

bf16::Convolution shape_of(const PlainConvolution& layer, bf16::Unit unit) {
  return {layer.in,          layer.out,         layer.groups,       box(layer.source),
          box(layer.kernel), box(layer.stride), box(layer.padding), unit};
}

bf16::SmallGroups grouped(const PlainConvolution& layer) {
  return {layer.in, layer.in / layer.groups, box(layer.source)};
}

/// Sums of whole numbers are exact, so the result is theirs rounded once, to the bit.
template <class Shape>
void expect_rounded_sums(const PlainConvolution& layer, const Shape& shape, bool add, bool relu) {
  const bool colors = layer.in == bf16::kColors;
  const std::size_t from = layer.volume(layer.source), to = layer.volume(layer.result());
  const std::vector<float> source = whole_numbers(of(layer.in) * from, 1),
                           weights = whole_numbers(layer.weight_count(), 2),
                           before = whole_numbers(of(layer.out) * to, 4);
  const std::vector<float> some = whole_numbers(of(layer.out), 3);
  Guarded<float> bias(of(layer.out)), planes(colors ? source.size() : 0);
  std::copy(some.begin(), some.end(), bias.data());
  if (colors) std::copy(source.begin(), source.end(), planes.data());
  Guarded<Bf16> narrow = narrowed(source), result = narrowed(before), panels(bf16::panel_values(shape));
  Guarded<std::byte> scratch(bf16::scratch_bytes(shape));
  std::memset(scratch.data(), 0x7F, scratch.size());  // what is not written is not zero, and large
  bf16::pack(shape, weights.data(), panels.data());
  bf16::convolve(shape, colors ? static_cast<void*>(planes.data()) : narrow.data(), panels.data(),
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

class Bf16Convolution : public ::testing::TestWithParam<bf16::Unit> {
 protected:
  void SetUp() override {
    if (GetParam() == bf16::Unit::Tiles && (!onednn::has_amx() || !bf16::request_tiles()))
      GTEST_SKIP() << "this processor has no AMX; Backbone.* tests its kernels";
    if (!onednn::has_bf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  }
  static void expect_rounded_sums(const PlainConvolution& layer, bool add, bool relu) {
    tvr::expect_rounded_sums(layer, shape_of(layer, GetParam()), add, relu);
  }
};
INSTANTIATE_TEST_SUITE_P(Units, Bf16Convolution, ::testing::Values(bf16::Unit::Tiles, bf16::Unit::Vectors),
                         [](const auto& param) {
                           return param.param == bf16::Unit::Tiles ? "Tiles" : "Vectors";
                         });

TEST_P(Bf16Convolution, ProductEqualsRoundedSums) {
  for (const int width : {1, 2, 13, 14, 15, 16, 17, 28, 29, 31, 32, 33, 70}) {  // blocks, full or not
    for (const bool add : {false, true}) {
      for (const bool relu : {false, true}) {
        SCOPED_TRACE(width);
        expect_rounded_sums(layer(96, 64, {1, 1, width}, {1, 1, 1}, {1, 1, 1}), add, relu);
      }
    }
  }
  expect_rounded_sums(layer(32, 96, {2, 5, 7}, {1, 1, 1}, {1, 1, 1}), true, true);
}

TEST_P(Bf16Convolution, ProductInSeveralStripsEqualsRoundedSums) {
  expect_rounded_sums(layer(1024, 32, {1, 21, 37}, {1, 1, 1}, {1, 1, 1}), true, false);
}

TEST_P(Bf16Convolution, PointwiseLeavesOutWhatAStrideLeavesOut) {
  expect_rounded_sums(layer(32, 32, {1, 5, 8}, {1, 1, 1}, {1, 2, 2}), false, false);
  expect_rounded_sums(layer(64, 32, {3, 4, 7}, {1, 1, 1}, {2, 2, 2}), true, true);
  expect_rounded_sums(layer(32, 64, {4, 3, 3}, {1, 1, 1}, {2, 1, 1}), false, true);
}

TEST_P(Bf16Convolution, SquareKernelEqualsRoundedSumsAtAnyEdge) {
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

TEST_P(Bf16Convolution, KernelInTimeEqualsRoundedSumsAtAnyEdge) {
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

TEST_P(Bf16Convolution, KernelInTimeInSeveralStripsEqualsRoundedSums) {
  expect_rounded_sums(layer(64, 32, {4, 40, 49}, {3, 3, 3}, {1, 1, 1}), true, true);
}

TEST_P(Bf16Convolution, FirstConvolutionReadsPlanesOfColors) {
  for (const int width : {1, 2, 9, 40}) {
    SCOPED_TRACE(width);
    expect_rounded_sums(layer(3, 64, {1, 11, width}, {1, 7, 7}, {1, 2, 2}), false, true);
    expect_rounded_sums(layer(3, 32, {5, 8, width}, {7, 7, 7}, {1, 2, 2}), false, false);
    expect_rounded_sums(layer(3, 32, {3, 4, width}, {3, 3, 3}, {1, 1, 1}), true, true);
  }
}

TEST(Bf16Grouped, EqualsRoundedSumsAtAnyEdge) {
  if (!onednn::has_bf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  for (const int group : {4, 8, 16}) {
    for (const int frames : {1, 2, 5}) {
      for (const int height : {1, 2, 7}) {
        for (const int width : {1, 2, 7, 28, 40}) {
          SCOPED_TRACE(std::to_string(group) + " channels, " + std::to_string(frames) + " x " +
                       std::to_string(height) + " x " + std::to_string(width));
          const PlainConvolution shape =
              layer(32, 32, {frames, height, width}, {3, 3, 3}, {1, 1, 1}, 32 / group);
          expect_rounded_sums(shape, grouped(shape), frames == 2, width % 2 == 0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace tvr
