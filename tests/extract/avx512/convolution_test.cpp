#include "extract/avx512/convolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "extract/onednn.h"

namespace tvr {
namespace {

using avx512::kBlock;

std::size_t of(int value) { return static_cast<std::size_t>(value); }

/// Aligned as the kernels want it, with a guard behind: writing past the end is seen.
class Floats {
 public:
  explicit Floats(std::size_t count)
      : count_(count),
        values_(static_cast<float*>(
                    std::aligned_alloc(64, (count + 2 * kGuard) / kGuard * kGuard * sizeof(float))),
                std::free) {
    std::fill_n(values_.get(), count, 0.0F);
    std::fill_n(values_.get() + count, kGuard, kGuardValue);
  }
  Floats(std::size_t count, unsigned seed) : Floats(count) {
    for (std::size_t i = 0; i < count; ++i) {
      seed = seed * 1664525U + 1013904223U;
      values_.get()[i] = static_cast<float>(seed >> 16U) / 32768.0F - 1.0F;
    }
  }
  [[nodiscard]] float* data() { return values_.get(); }
  [[nodiscard]] float& operator[](std::size_t i) { return values_.get()[i]; }
  [[nodiscard]] bool is_guarded() const {
    return std::all_of(values_.get() + count_, values_.get() + count_ + kGuard,
                       [](float value) { return value == kGuardValue; });
  }

 private:
  static constexpr std::size_t kGuard = 16;
  static constexpr float kGuardValue = 12345;
  std::size_t count_;
  std::unique_ptr<float, decltype(&std::free)> values_;
};

/// A layer with a square kernel and padding kernel / 2, by the plain definition.
struct Layer {
  int in, out, kernel, frames, height, width, frame_stride, stride;
  int time_kernel = 1, groups = 1;
  [[nodiscard]] int out_frames() const { return (frames - 1) / frame_stride + 1; }
  [[nodiscard]] int out_height() const { return (height - 1) / stride + 1; }
  [[nodiscard]] int out_width() const { return (width - 1) / stride + 1; }
  [[nodiscard]] int positions() const { return frames * height * width; }
  [[nodiscard]] int out_positions() const { return out_frames() * out_height() * out_width(); }
};

std::size_t place(int channel, int position, int positions) {
  return (of(channel / kBlock) * of(positions) + of(position)) * kBlock + of(channel % kBlock);
}

double plain_sum(const Layer& layer, Floats& source, Floats& weights, int out, int t, int y, int x) {
  double sum = 0;
  const int pad = layer.kernel / 2, group = layer.in / layer.groups;
  std::size_t weight = of(out * group * layer.time_kernel * layer.kernel * layer.kernel);
  for (int from = 0; from < group; ++from) {
    const int channel = out / (layer.out / layer.groups) * group + from;
    for (int kt = 0; kt < layer.time_kernel; ++kt) {
      for (int ky = 0; ky < layer.kernel; ++ky) {
        for (int kx = 0; kx < layer.kernel; ++kx, ++weight) {
          const int from_t = t * layer.frame_stride - layer.time_kernel / 2 + kt;
          const int from_y = y * layer.stride - pad + ky, from_x = x * layer.stride - pad + kx;
          if (from_t < 0 || from_t >= layer.frames || from_y < 0 || from_y >= layer.height || from_x < 0 ||
              from_x >= layer.width) {
            continue;
          }
          const int position = (from_t * layer.height + from_y) * layer.width + from_x;
          sum += static_cast<double>(source[place(channel, position, layer.positions())]) * weights[weight];
        }
      }
    }
  }
  return sum;
}

void pack(const avx512::Pointwise& shape, const float* weights, float* panels) {
  avx512::pack_pointwise(weights, shape.in, shape.out, panels);
}
void pack(const avx512::Winograd& shape, const float* weights, float* panels) {
  avx512::pack_winograd(weights, shape.in, shape.out, panels);
}
void pack(const avx512::Grouped& shape, const float* weights, float* panels) {
  avx512::pack_grouped(weights, shape.channels, shape.group, panels);
}

std::size_t panel_floats(const Layer& layer, const avx512::Pointwise&) { return of(layer.in * layer.out); }
std::size_t panel_floats(const Layer& layer, const avx512::Winograd&) {
  return of(avx512::kWinogradTerms * layer.in * layer.out);
}
std::size_t panel_floats(const Layer&, const avx512::Grouped& shape) {
  return of(27 * shape.group * shape.channels);
}

template <class Shape>
void expect_plain_sums(const Layer& layer, const Shape& shape, bool add, bool relu) {
  const int taps = layer.time_kernel * layer.kernel * layer.kernel;
  Floats source(of(layer.in * layer.positions()), 1),
      weights(of(layer.out * layer.in / layer.groups * taps), 2), bias(of(layer.out), 3),
      before(of(layer.out * layer.out_positions()), 4);
  Floats panels(panel_floats(layer, shape)), result(of(layer.out * layer.out_positions())),
      scratch(avx512::scratch_floats(shape));
  std::copy_n(before.data(), of(layer.out * layer.out_positions()), result.data());
  pack(shape, weights.data(), panels.data());
  avx512::convolve(shape, source.data(), panels.data(), {bias.data(), add, relu}, result.data(),
                   scratch.data());
  EXPECT_TRUE(panels.is_guarded());
  EXPECT_TRUE(result.is_guarded());
  EXPECT_TRUE(scratch.is_guarded());
  int position = 0;
  for (int t = 0; t < layer.out_frames(); ++t) {
    for (int y = 0; y < layer.out_height(); ++y) {
      for (int x = 0; x < layer.out_width(); ++x, ++position) {
        for (int channel = 0; channel < layer.out; channel += 5) {  // 5: every lane has its turn
          const std::size_t at = place(channel, position, layer.out_positions());
          double wanted = plain_sum(layer, source, weights, channel, t, y, x) + bias[of(channel)];
          if (add) wanted += before[at];
          if (relu) wanted = std::max(wanted, 0.0);
          ASSERT_NEAR(result[at], wanted, 2e-5)
              << "channel " << channel << " at " << t << ", " << y << ", " << x;
        }
      }
    }
  }
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
        expect_plain_sums({48, 64, 1, 1, 3, width, 1, 1}, avx512::Pointwise{48, 64, 1, 3, width, 1, 1}, add,
                          relu);
      }
    }
  }
}

TEST_F(Avx512Convolution, PointwiseLeavesOutWhatAStrideLeavesOut) {
  expect_plain_sums({16, 32, 1, 1, 5, 8, 1, 2}, avx512::Pointwise{16, 32, 1, 5, 8, 1, 2}, false, false);
  expect_plain_sums({32, 32, 1, 3, 4, 7, 2, 2}, avx512::Pointwise{32, 32, 3, 4, 7, 2, 2}, true, true);
  expect_plain_sums({16, 32, 1, 4, 3, 3, 2, 1}, avx512::Pointwise{16, 32, 4, 3, 3, 2, 1}, false, true);
}

TEST_F(Avx512Convolution, WinogradEqualsPlainSumsAtAnyEdge) {
  for (const int height : {1, 2, 5, 8}) {
    for (const int width : {1, 2, 7, 12}) {
      const bool odd = (height + width) % 2 == 1;
      SCOPED_TRACE(std::to_string(height) + " x " + std::to_string(width));
      expect_plain_sums({32, 64, 3, 1, height, width, 1, 1}, avx512::Winograd{32, 64, height, width}, odd,
                        !odd);
    }
  }
}

TEST_F(Avx512Convolution, WinogradOfAPictureInSeveralStripsEqualsPlainSums) {
  const avx512::Winograd large{64, 32, 41, 57}, half{64, 32, 21, 57};
  ASSERT_LT(avx512::scratch_floats(large), 2 * avx512::scratch_floats(half)) << "this size is one strip only";
  expect_plain_sums({64, 32, 3, 1, 41, 57, 1, 1}, large, true, true);
}

TEST_F(Avx512Convolution, GroupedEqualsPlainSumsAtAnyEdge) {
  for (const int group : {4, 8}) {
    for (const int width : {1, 2, 9, 14, 15, 28}) {
      for (const int frames : {1, 3}) {
        SCOPED_TRACE(std::to_string(group) + " channels, " + std::to_string(frames) + " frames, " +
                     std::to_string(width));
        expect_plain_sums({32, 32, 3, frames, 4, width, 1, 1, 3, 32 / group},
                          avx512::Grouped{32, group, frames, 4, width}, frames == 3, width % 2 == 0);
      }
    }
  }
}

}  // namespace
}  // namespace tvr
