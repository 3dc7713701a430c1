#include "model/cuda/training_ops.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace tvr {
namespace {

/// |seen - wanted| / |wanted|, of all values together.
double error_of(const at::Tensor& seen, const at::Tensor& wanted) {
  EXPECT_EQ(seen.sizes(), wanted.sizes());
  const at::Tensor exact = wanted.to(at::kCPU, at::kDouble);
  return ((seen.to(at::kCPU, at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

at::Tensor random(at::IntArrayRef sizes, const at::Device& device) {
  return at::rand(sizes, at::TensorOptions(device)).sub_(0.5);
}

struct Size {
  std::int64_t rows, outputs, inputs;
};
// What the kernel for few rows takes (one step of sums, more than its warps, rows missing), and what it does
// not.
constexpr std::array kSizes{Size{32, 32, 32},  Size{1, 64, 32},  Size{32, 96, 608},
                            Size{20, 608, 96}, Size{33, 64, 64}, Size{32, 48, 64},
                            Size{32, 64, 300}, Size{7, 19, 11},  Size{64, 128, 128}};

void multiplies(const at::Device& device) {
  for (const Size& size : kSizes) {
    SCOPED_TRACE(testing::Message() << size.rows << " rows, " << size.outputs << " x " << size.inputs);
    const at::Tensor x = random({size.rows, size.inputs}, device),
                     d_out = random({size.rows, size.outputs}, device);
    const at::Tensor weight = random({size.outputs, size.inputs}, device),
                     bias = random({size.outputs}, device);
    const at::Tensor exact = weight.to(at::kDouble);
    const at::Tensor product = at::mm(x.to(at::kDouble), exact.t());
    EXPECT_LT(error_of(linear_forward(x, weight), product), 5e-7);
    EXPECT_LT(error_of(linear_forward(x, weight, bias), product + bias), 5e-7);
    EXPECT_LT(error_of(linear_backward(d_out, weight), at::mm(d_out.to(at::kDouble), exact)), 5e-7);
  }
}

/// A layer's values as they lie: weight, then bias.
struct Layer {
  Layer(const Size& size, const at::Device& device, double least)
      : flat(at::rand({(size.inputs + 1) * size.outputs}, at::TensorOptions(device)).add_(least)),
        weight(flat.narrow(0, 0, size.inputs * size.outputs).view({size.outputs, size.inputs})) {}
  at::Tensor flat, weight;
};

void takes_adams_step(const at::Device& device) {
  for (const Size& size : kSizes) {
    for (const std::int64_t words : {0, 1, 5}) {  // 0: no text pooling layer
      SCOPED_TRACE(testing::Message() << size.rows << " rows, " << size.outputs << " x " << size.inputs
                                      << ", " << words << " words");
      const Layer value(size, device, -0.5), mean(size, device, -0.5), variance(size, device, 0.1);
      const at::Tensor rates = at::tensor({0.1F, 1.3F}).to(device);
      const at::Tensor dy = random({size.rows, size.outputs}, device);
      const at::Tensor x = random({size.rows * std::max<std::int64_t>(words, 1), size.inputs}, device);
      const at::Tensor best_word =
          words == 0 ? at::Tensor()
                     : at::randint(-1, words, {size.rows, size.outputs}, dy.options().dtype(at::kInt));

      at::Tensor of_row = dy.to(at::kDouble);  // of x
      if (words > 0) {
        const at::Tensor places = at::arange(words, best_word.options()).view({1, words, 1});
        of_row = ((best_word.unsqueeze(1) == places) * of_row.unsqueeze(1)).view({-1, size.outputs});
      }
      const at::Tensor gradient = at::cat({at::mm(of_row.t(), x.to(at::kDouble)).view(-1), of_row.sum(0)});
      const at::Tensor new_mean = 0.9 * mean.flat.to(at::kDouble) + 0.1 * gradient;
      const at::Tensor new_variance = 0.999 * variance.flat.to(at::kDouble) + 0.001 * gradient * gradient;
      const at::Tensor new_value =
          value.flat.to(at::kDouble) - 0.1 * new_mean / (at::sqrt(new_variance) * 1.3 + 1e-8);

      adam(value.weight, mean.weight, variance.weight, {dy, x, best_word}, rates);
      EXPECT_LT(error_of(mean.flat, new_mean), 1e-6);
      EXPECT_LT(error_of(variance.flat, new_variance), 1e-6);
      EXPECT_LT(error_of(value.flat, new_value), 1e-6);
    }
  }
}

TEST(TrainingOps, MultiplyAsPreciselyAsFp32) { multiplies(at::kCPU); }
TEST(TrainingOps, TakeAdamsStep) { takes_adams_step(at::kCPU); }

/// On a GPU, where there is one.
class GpuTrainingOps : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef TVR_CUDA
    if (!at::globalContext().hasCUDA()) GTEST_SKIP() << "LibTorch sees no GPU";
#else
    GTEST_SKIP() << TVR_CUDA_MISSING;
#endif
  }
};

TEST_F(GpuTrainingOps, MultiplyAsPreciselyAsFp32) { multiplies(at::kCUDA); }
TEST_F(GpuTrainingOps, MultiplyLargeLayersAsPreciselyAsLibTorch) {
  const at::Tensor x = random({32, 4096}, at::kCUDA), weight = random({4096, 4096}, at::kCUDA);
  const at::Tensor exact = weight.to(at::kDouble);
  const at::Tensor forward = at::mm(x.to(at::kDouble), exact.t()),
                   backward = at::mm(x.to(at::kDouble), exact);
  EXPECT_LT(error_of(linear_forward(x, weight), forward), 1.2 * error_of(at::mm(x, weight.t()), forward));
  EXPECT_LT(error_of(linear_backward(x, weight), backward), 1.2 * error_of(at::mm(x, weight), backward));
}
TEST_F(GpuTrainingOps, TakeAdamsStep) { takes_adams_step(at::kCUDA); }

}  // namespace
}  // namespace tvr
