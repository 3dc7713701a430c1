#include "model/kernel_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/linear_fit.h"
#include "model/parallel.h"
#include "model/random.h"
#include "model/retrieval_metrics.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;

Matrix random_clips(std::int64_t rows, std::int64_t cols, std::uint64_t seed = 1) {
  const CounterRandom random(seed, RandomUse::Weights);
  Matrix clips(rows, cols);
  for (std::int64_t i = 0; i < rows * cols; ++i)
    clips.data()[i] = 3 * random.uniform(static_cast<std::uint64_t>(i)) + static_cast<float>(i % cols);
  return clips;
}

double inner(const Matrix& a, std::int64_t i, const Matrix& b, std::int64_t j) {
  double sum = 0;
  for (std::int64_t d = 0; d < a.cols(); ++d)
    sum += static_cast<double>(a.row(i)[d]) * static_cast<double>(b.row(j)[d]);
  return sum;
}

/// The kernel of all pairs of rows of `a` and `b`, by its definition, in double; columns are standardised and
/// the median is taken over `a`.
std::vector<std::vector<double>> kernel_of(const Matrix& a, const Matrix& b) {
  std::vector<double> mean(static_cast<std::size_t>(a.cols())), variance(mean.size());
  const auto n = static_cast<double>(a.rows());
  for (std::size_t d = 0; d < mean.size(); ++d) {
    for (std::int64_t i = 0; i < a.rows(); ++i) mean[d] += static_cast<double>(a.row(i)[d]) / n;
    for (std::int64_t i = 0; i < a.rows(); ++i)
      variance[d] += std::pow(static_cast<double>(a.row(i)[d]) - mean[d], 2) / n;
  }
  const auto squared_distance = [&](const float* x, const float* y) {
    double sum = 0;
    for (std::size_t d = 0; d < mean.size(); ++d)
      sum += std::pow(static_cast<double>(x[d]) - static_cast<double>(y[d]), 2) / variance[d];
    return sum;
  };
  std::vector<double> distances;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < i; ++j) distances.push_back(squared_distance(a.row(i), a.row(j)));
  }
  std::sort(distances.begin(), distances.end());
  const double median = distances[distances.size() / 2];
  std::vector<std::vector<double>> kernel;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    kernel.emplace_back();
    for (std::int64_t j = 0; j < b.rows(); ++j)
      kernel.back().push_back(std::exp(-2 * squared_distance(a.row(i), b.row(j)) / median));
  }
  return kernel;
}

TEST(KernelMap, GivesCoordinatesWhoseInnerProductsAreTheKernel) {
  const Matrix clips = random_clips(30, 7), others = random_clips(9, 7, 2);
  const KernelMap map(clips);
  EXPECT_EQ(map.dim(), 30);
  EXPECT_EQ(map.video_dim(), 7);
  const Matrix a = map.coordinates(clips), b = map.coordinates(others);
  const std::vector<std::vector<double>> among = kernel_of(clips, clips), with = kernel_of(clips, others);
  for (std::int64_t i = 0; i < 30; ++i) {
    for (std::int64_t j = 0; j < 30; ++j)
      EXPECT_NEAR(inner(a, i, a, j), among[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)], 1e-4);
    for (std::int64_t j = 0; j < 9; ++j)
      EXPECT_NEAR(inner(a, i, b, j), with[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)], 1e-3);
  }
}

/// Clips in four quarters of a plane; the text says whether the signs of both coordinates are equal.
LinearPairs quarters(std::int64_t count, std::uint64_t seed) {
  const CounterRandom random(seed, RandomUse::Weights);
  LinearPairs pairs;
  pairs.words = 2;
  pairs.clips = Matrix(count, 2);
  for (std::int64_t i = 0; i < count; ++i) {
    float* const clip = pairs.clips.row(i);
    for (int d = 0; d < 2; ++d) {
      const auto draw = static_cast<std::uint64_t>(4 * i + 2 * d);
      clip[d] = (random.uniform(draw) < 0.5F ? -1.0F : 1.0F) * (0.5F + random.uniform(draw + 1));
    }
    pairs.texts.push_back({{clip[0] * clip[1] > 0 ? 0 : 1}, {1.0F}});
    pairs.clip_of.push_back(static_cast<std::int32_t>(i));
  }
  return pairs;
}

/// The share of clips that are nearer to their own text than to the other one.
double share_told_apart(const LinearModel& model, const Matrix& clips, const LinearPairs& pairs) {
  const Matrix texts = model.embed_text({{{0}, {1.0F}}, {{1}, {1.0F}}}), videos = model.embed_video(clips);
  int right = 0;
  for (std::int64_t i = 0; i < clips.rows(); ++i) {
    const int own = pairs.texts[static_cast<std::size_t>(i)].columns[0];
    right += static_cast<int>(inner(texts, own, videos, i) > inner(texts, 1 - own, videos, i));
  }
  return right / static_cast<double>(clips.rows());
}

TEST(KernelMap, LetsALinearModelLearnWhatIsNotLinear) {
  LinearPairs train = quarters(200, 1), test = quarters(100, 2);
  EXPECT_LT(share_told_apart(fit_linear_model(train, {1, 1, 1}), test.clips, test), 0.7);
  const KernelMap map(train.clips);
  train.clips = map.coordinates(train.clips);
  EXPECT_GT(share_told_apart(fit_linear_model(train, {1, 1, 1}), map.coordinates(test.clips), test), 0.95);
}

TEST(KernelMap, HasAtMost1024LandmarksAndNoRowDependsOnTheOthersOrOnTheThreads) {
  const Matrix clips = random_clips(1100, 3);
  const KernelMap map(clips);
  EXPECT_EQ(map.dim(), 1024);
  const Matrix all = map.coordinates(clips);
  Matrix one(1, 3);
  std::copy_n(clips.row(700), 3, one.row(0));
  const Matrix alone = map.coordinates(one);
  EXPECT_TRUE(std::equal(alone.data(), alone.data() + 1024, all.row(700)));
  EXPECT_NEAR(inner(all, 700, all, 700), 1, 1e-2) << "whether it is a landmark or not";
  set_compute_threads(1);
  const Matrix again = KernelMap(clips).coordinates(clips);
  set_compute_threads(0);
  EXPECT_TRUE(std::equal(all.data(), all.data() + all.rows() * all.cols(), again.data()));
}

TEST(KernelMap, TakesClipsThatOccurTwiceAndColumnsThatAreConstant) {
  const Matrix some = random_clips(10, 4);
  Matrix twice(20, 5);
  for (std::int64_t i = 0; i < 20; ++i) std::copy_n(some.row(i % 10), 4, twice.row(i));
  const Matrix coordinates = KernelMap(twice).coordinates(twice);
  for (std::int64_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(inner(coordinates, i, coordinates, i + 10), 1, 1e-3);
    EXPECT_LT(inner(coordinates, i, coordinates, (i + 1) % 10), 0.9);
  }
}

TEST(KernelMap, IsTheSameReadFromItsState) {
  const Matrix clips = random_clips(12, 5);
  const KernelMap map(clips), again(map.state());
  const Matrix wanted = map.coordinates(clips), seen = again.coordinates(clips);
  EXPECT_TRUE(std::equal(wanted.data(), wanted.data() + 12 * 12, seen.data()));
}

TEST(KernelMap, RefusesAStateThatDoesNotFitTogether) {
  const NamedTensors good = KernelMap(random_clips(12, 5)).state();
  for (const auto& [name, tensor] : good) {
    NamedTensors missing, misshapen = good;
    for (const auto& entry : good) {
      if (entry.first != name) missing.push_back(entry);
    }
    expect_error([&] { KernelMap{missing}; }, Fault::Mismatch, "it has no tensor " + name);
    for (auto& entry : misshapen) {
      if (entry.first == name) entry.second = Tensor::from_floats({1, 1, 1}, std::vector<float>{1}.data());
    }
    expect_error([&] { KernelMap{misshapen}; }, Fault::Mismatch, name + " has the shape [1, 1, 1]");
  }
}

TEST(KernelMap, RefusesClipsOfWhichThereIsNoKernel) {
  expect_error([] { KernelMap{Matrix(1, 3)}; }, Fault::Mismatch, "there are 1 clips");
  expect_error([] { KernelMap{Matrix(5, 3)}; }, Fault::Mismatch, "all clips have the same features");
  Matrix broken = random_clips(5, 3);
  broken.row(4)[2] = std::nanf("");
  expect_error([&] { KernelMap{broken}; }, Fault::Corrupt, "a NaN or infinity");
  expect_error([] { (void)KernelMap(random_clips(5, 3)).coordinates(random_clips(2, 4)); }, Fault::Mismatch,
               "they have 4 values, the kernel model was fitted to 3");
}

}  // namespace
}  // namespace tvr
