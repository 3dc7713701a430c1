#include "extract/networks/avx512/convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "extract/networks/avx512/stem.h"
#include "tests/support/guarded.h"
#include "tests/support/plain_convolution.h"
#include "towers/onednn.h"

namespace tvr {
namespace {

using avx512::kBlock;
using Floats = Guarded<float>;

std::size_t of(int value) { return static_cast<std::size_t>(value); }

Floats random_floats(std::size_t count, unsigned seed) {
  Floats values(count);
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 1664525U + 1013904223U;
    values[i] = static_cast<float>(seed >> 16U) / 32768.0F - 1.0F;
  }
  return values;
}

/// Where a value lies among blocks of channels.
std::size_t place(int channel, int position, std::size_t positions) {
  return (of(channel / kBlock) * positions + of(position)) * kBlock + of(channel % kBlock);
}

PlainConvolution plain(const avx512::Pointwise& shape) {
  PlainConvolution layer;
  layer.in = shape.in;
  layer.out = shape.out;
  layer.source = {shape.frames, shape.height, shape.width};
  layer.stride = {shape.frame_stride, shape.stride, shape.stride};
  return layer;
}
PlainConvolution plain(const avx512::Winograd& shape) {
  PlainConvolution layer;
  layer.in = shape.in;
  layer.out = shape.out;
  layer.source = {1, shape.height, shape.width};
  layer.kernel = {1, 3, 3};
  layer.padding = {0, 1, 1};
  return layer;
}
PlainConvolution plain(const avx512::Grouped& shape) {
  PlainConvolution layer;
  layer.in = layer.out = shape.channels;
  layer.groups = shape.channels / shape.group;
  layer.source = {shape.frames, shape.height, shape.width};
  layer.kernel = {3, 3, 3};
  layer.padding = {1, 1, 1};
  return layer;
}
PlainConvolution plain(const avx512::Stem& shape) {
  PlainConvolution layer;
  layer.in = avx512::kStemColors;
  layer.out = shape.out;
  layer.source = {shape.frames, shape.height, shape.width};
  layer.kernel = {7, 7, 7};
  layer.stride = {1, 2, 2};
  layer.padding = {3, 3, 3};
  return layer;
}

Floats packed(const avx512::Pointwise& shape, Floats& weights) {
  Floats panels(weights.size());
  avx512::pack_pointwise(weights.data(), shape.in, shape.out, panels.data());
  return panels;
}
Floats packed(const avx512::Winograd& shape, Floats& weights) {
  Floats panels(of(avx512::kWinogradTerms * shape.in * shape.out));
  avx512::pack_winograd(weights.data(), shape.in, shape.out, panels.data());
  return panels;
}
Floats packed(const avx512::Grouped& shape, Floats& weights) {
  Floats panels(weights.size());
  avx512::pack_grouped(weights.data(), shape.channels, shape.group, panels.data());
  return panels;
}

Floats packed(const avx512::Stem& shape, Floats& weights) {
  Floats panels(weights.size() / 7 * avx512::kStemTerms);
  avx512::pack_stem(weights.data(), shape.out, panels.data());
  return panels;
}

/// `tolerance`: of values from -1 to 1.
template <class Shape>
void expect_plain_sums(const Shape& shape, bool add, bool relu, double tolerance = 2e-5) {
  const PlainConvolution layer = plain(shape);
  const std::size_t from = layer.volume(layer.source), to = layer.volume(layer.result());
  Floats source = random_floats(of(layer.in) * from, 1), weights = random_floats(layer.weight_count(), 2),
         bias = random_floats(of(layer.out), 3), before = random_floats(of(layer.out) * to, 4);
  Floats panels = packed(shape, weights), result(before.size()), scratch(avx512::scratch_floats(shape));
  std::copy_n(before.data(), before.size(), result.data());
  avx512::convolve(shape, source.data(), panels.data(), {bias.data(), add, relu}, result.data(),
                   scratch.data());
  EXPECT_TRUE(panels.is_guarded());
  EXPECT_TRUE(result.is_guarded());
  EXPECT_TRUE(scratch.is_guarded());
  layer.for_results([&](const PlainConvolution::Sizes& at, int position) {
    for (int channel = 0; channel < layer.out; channel += 5) {  // 5: every lane has its turn
      const std::size_t i = place(channel, position, to);
      double wanted = layer.sum(
          channel, at,
          [&](int from_channel, int p) {
            return source[layer.in == avx512::kStemColors ? of(from_channel) * from + of(p)
                                                          : place(from_channel, p, from)];
          },
          [&](std::size_t w) { return weights[w]; });
      wanted += bias[of(channel)];
      if (add) wanted += before[i];
      if (relu) wanted = std::max(wanted, 0.0);
      ASSERT_NEAR(result[i], wanted, tolerance) << "channel " << channel << " at position " << position;
    }
  });
}

class Avx512Convolution : public ::testing::Test {
 protected:
  void SetUp() override {
    if (onednn::vector_floats() != kBlock)
      GTEST_SKIP() << "this processor has no AVX-512; Backbone.* tests its kernels";
  }
};

TEST_F(Avx512Convolution, PointwiseEqualsPlainSums) {
  for (const int width : {1, 2, 13, 14, 15, 29}) {  // one to three calls of the innermost loop
    for (const bool add : {false, true}) {
      for (const bool relu : {false, true}) {
        SCOPED_TRACE(width);
        expect_plain_sums(avx512::Pointwise{48, 64, 1, 3, width, 1, 1}, add, relu);
      }
    }
  }
}

TEST_F(Avx512Convolution, PointwiseLeavesOutWhatAStrideLeavesOut) {
  expect_plain_sums(avx512::Pointwise{16, 32, 1, 5, 8, 1, 2}, false, false);
  expect_plain_sums(avx512::Pointwise{32, 32, 3, 4, 7, 2, 2}, true, true);
  expect_plain_sums(avx512::Pointwise{16, 32, 4, 3, 3, 2, 1}, false, true);
}

TEST_F(Avx512Convolution, WinogradEqualsPlainSumsAtAnyEdge) {
  for (const int height : {1, 2, 5, 8}) {
    for (const int width : {1, 2, 7, 12}) {
      const bool odd = (height + width) % 2 == 1;
      SCOPED_TRACE(std::to_string(height) + " x " + std::to_string(width));
      expect_plain_sums(avx512::Winograd{32, 64, height, width}, odd, !odd);
    }
  }
}

TEST_F(Avx512Convolution, WinogradOfAPictureInSeveralStripsEqualsPlainSums) {
  const avx512::Winograd large{64, 32, 41, 57}, half{64, 32, 21, 57};
  ASSERT_LT(avx512::scratch_floats(large), 2 * avx512::scratch_floats(half)) << "this size is one strip only";
  expect_plain_sums(large, true, true);
}

TEST_F(Avx512Convolution, GroupedEqualsPlainSumsAtAnyEdge) {
  for (const int group : {4, 8}) {
    for (const int width : {1, 2, 9, 14, 15, 28}) {
      for (const int frames : {1, 3}) {
        SCOPED_TRACE(std::to_string(group) + " channels, " + std::to_string(frames) + " frames, " +
                     std::to_string(width));
        expect_plain_sums(avx512::Grouped{32, group, frames, 4, width}, frames == 3, width % 2 == 0);
      }
    }
  }
}

TEST_F(Avx512Convolution, StemEqualsPlainSumsAtAnyEdge) {
  for (const int frames : {1, 2, 3, 9}) {
    for (const int width : {1, 2, 13, 60}) {
      SCOPED_TRACE(std::to_string(frames) + " frames, " + std::to_string(width));
      expect_plain_sums(avx512::Stem{64, frames, 9, width}, width == 13, frames != 2, 2e-4);
    }
  }
}

}  // namespace
}  // namespace tvr
