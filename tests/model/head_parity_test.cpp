// Steps of a head's training: against PyTorch (tests/parity/head.py), and against what that gave.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "../support/python.h"
#include "../support/temp_folder.h"
#include "data/tensors/pth.h"
#include "head_fixture.h"

namespace tvr {
namespace {

using testing::random_matrix;
using testing::scaled;
using testing::unit_rows;

constexpr double kRate = 0.01, kDecay = 0.3;

struct ParityCase {
  Head head;
  std::vector<HeadBatch> batches;
};

ParityCase case_of(std::int64_t dim, std::int64_t video_dim, std::int64_t pairs, std::uint64_t steps) {
  ParityCase made{
      {scaled(random_matrix(dim, dim, 1), 0.3F), scaled(random_matrix(dim, video_dim, 2), 0.3F), 1.5F}, {}};
  for (std::uint64_t step = 0; step < steps; ++step) {
    HeadBatch& batch =
        made.batches.emplace_back(HeadBatch{unit_rows(random_matrix(pairs, dim, 10 + step)),
                                            unit_rows(random_matrix(pairs, video_dim, 50 + step)),
                                            {}});
    for (std::int32_t i = 0; i < pairs; ++i) batch.groups.push_back(i == 3 ? 1 : i);
  }
  return made;
}

/// Trains on the batches; returns their losses.
std::vector<double> trained(Head& head, const std::vector<HeadBatch>& batches) {
  HeadMoments moments{zero_head(head.dim(), head.video_dim(), 0), zero_head(head.dim(), head.video_dim(), 0),
                      0};
  std::vector<double> losses;
  for (const HeadBatch& batch : batches) {
    const HeadStep step = head_step(head, batch);
    losses.push_back(step.loss);
    update(head, moments, step, kRate, kDecay);
  }
  return losses;
}

Tensor tensor_of(const Matrix& matrix) {
  return Tensor::from_floats({matrix.rows(), matrix.cols()}, matrix.data());
}

NamedTensors tensors_of(const ParityCase& test) {
  NamedTensors tensors = state_of(test.head);
  const auto steps = static_cast<std::int64_t>(test.batches.size());
  const std::int64_t pairs = test.batches.front().text.rows();
  std::vector<float> text, video;
  Tensor groups{DType::I32, {steps, pairs}, {}};
  for (const HeadBatch& batch : test.batches) {
    text.insert(text.end(), batch.text.data(), batch.text.data() + pairs * batch.text.cols());
    video.insert(video.end(), batch.video.data(), batch.video.data() + pairs * batch.video.cols());
    const auto* const bytes = reinterpret_cast<const std::byte*>(batch.groups.data());
    groups.bytes.insert(groups.bytes.end(), bytes, bytes + batch.groups.size() * sizeof(std::int32_t));
  }
  tensors.emplace_back("text", Tensor::from_floats({steps, pairs, test.head.dim()}, text.data()));
  tensors.emplace_back("video", Tensor::from_floats({steps, pairs, test.head.video_dim()}, video.data()));
  tensors.emplace_back("groups", std::move(groups));
  const float rates[] = {static_cast<float>(kRate), static_cast<float>(kDecay)};
  tensors.emplace_back("rates", Tensor::from_floats({2}, rates));
  return tensors;
}

/// |a - b| / |b|, Euclidean.
double difference(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.to_doubles(), y = b.to_doubles();
  EXPECT_EQ(x.size(), y.size());
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    apart += std::pow(x[i] - y[i], 2);
    size += std::pow(y[i], 2);
  }
  return std::sqrt(apart / std::max(size, 1e-30));
}

Tensor product_of(const LinearGradient& gradient) {
  Matrix product(gradient.dy.cols(), gradient.x.cols());
  for (std::int64_t n = 0; n < gradient.dy.rows(); ++n) {
    for (std::int64_t o = 0; o < product.rows(); ++o) {
      for (std::int64_t i = 0; i < product.cols(); ++i)
        product.row(o)[i] += gradient.dy.row(n)[o] * gradient.x.row(n)[i];
    }
  }
  return tensor_of(product);
}

TEST(HeadParity, TwentyStepsEqualPyTorchs) {
  TVR_NEEDS_PYTHON("torch, numpy");
  ParityCase test = case_of(64, 192, 33, 20);
  const testing::TempFolder folder;
  write_pth(folder / "case.pth", tensors_of(test));
  std::ifstream script(std::string(TVR_SOURCE_DIR) + "/tests/parity/head.py");
  const std::string text((std::istreambuf_iterator<char>(script)), {});
  int status = 0;
  const std::string output = testing::run_python(text, "'" + folder.path().string() + "'", status);
  ASSERT_EQ(status, 0) << output;
  const NamedTensors wanted = read_pth(folder / "results.pth");
  const HeadStep first = head_step(test.head, test.batches.front());
  EXPECT_LT(difference(product_of(first.text), *find(wanted, "first.text")), 1e-5);
  EXPECT_LT(difference(product_of(first.video), *find(wanted, "first.video")), 1e-5);
  EXPECT_NEAR(first.d_log_scale, find(wanted, "first.log_scale")->to_doubles().front(), 1e-5);
  const std::vector<double> losses = trained(test.head, test.batches);
  const std::vector<double> theirs = find(wanted, "losses")->to_doubles();
  ASSERT_EQ(losses.size(), theirs.size());
  for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], theirs[i], 1e-4 * theirs[i]) << i;
  for (const auto& [name, tensor] : state_of(test.head))
    EXPECT_LT(difference(tensor, *find(wanted, name)), 1e-4) << name;
}

/// What tests/parity/head.py prints of case_of(6, 10, 5, 20), with PyTorch 1.13.
TEST(HeadParity, TwentyStepsGiveThePrintedValues) {
  const std::vector<double> wanted = {3.0306902, 2.484051,  1.2903385, 2.481988,  2.8334644,
                                      2.1760616, 1.3135273, 3.3185153, 3.4934053, 3.3019066,
                                      2.8650036, 1.8788812, 2.0170178, 2.3859341, 1.3496504,
                                      2.0339446, 2.1146202, 1.7860831, 1.8031315, 2.3401458};
  ParityCase test = case_of(6, 10, 5, 20);
  const std::vector<double> losses = trained(test.head, test.batches);
  ASSERT_EQ(losses.size(), wanted.size());
  for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], wanted[i], 1e-5) << i;
  const float text[] = {-0.0809077F, 0.0149688F, -0.0017402F, 0.17816F};
  const float video[] = {-0.0316991F, 0.0003451F, 0.3093853F, 0.1453364F};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(test.head.text.data()[i], text[i], 1e-5);
    EXPECT_NEAR(test.head.video.data()[i], video[i], 1e-5);
  }
  EXPECT_NEAR(test.head.log_scale, 1.3236861F, 1e-5);
}

}  // namespace
}  // namespace tvr
