#include "model/cuda/device_training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "data/error.h"
#include "model/adam.h"
#include "model/training_step.h"
#include "tests/model/pair_fixture.h"

namespace tvr {
namespace {

using testing::random_matrix;
using testing::random_pairs;

/// Ten steps of the trainer's own arithmetic, and of DeviceTraining's, from one start.
class DeviceTrainingTest : public ::testing::Test {
 protected:
  void compare(const TrainOptions& options, int gpu) {
    const Matrix vectors = random_matrix(40, 12, 3);
    PairData pairs = random_pairs(vectors, 24, 3, 20, 7);
    const EmbeddingShape shape{12, 20, options.embd_dim, options.max_words};
    TrainState host;
    host.weights = initial_parameters(shape, 5);
    host.adam.mean = host.adam.variance = zero_parameters(shape);
    host.log_scale.value = static_cast<float>(-std::log(options.temperature));
    TrainState device = host;
    const EpochBatches epochs(pairs, options.batch_size, options.n_pair, 1);
    std::vector<PairBatch> batches;
    for (int epoch = 1; batches.size() < 10; ++epoch) {
      for (PairBatch& batch : epochs.epoch(epoch)) batches.push_back(std::move(batch));
    }
    batches.resize(10);
    double loss = 0;
    for (const PairBatch& batch : batches) {
      const StepResult step = loss_and_gradients(host.weights, static_cast<double>(host.log_scale.value),
                                                 pairs, vectors, batch, options);
      adam_step(host.weights, host.adam, step.gradients, options.lr);
      if (options.loss == RankingLoss::Nce)
        adam_step(host.log_scale, host.adam.step, step.d_log_scale, options.lr);
      loss += step.loss;
    }
    DeviceTraining training(device, pairs, vectors, options, gpu);
    training.begin(batches, std::vector<double>(batches.size(), options.lr));
    for (std::size_t i = 0; i < batches.size(); ++i) training.step();
    EXPECT_NEAR(training.loss_sum(), loss, 1e-5 * loss);
    training.copy_to(device);
    EXPECT_EQ(device.adam.step, 10);
    EXPECT_NEAR(device.log_scale.value, host.log_scale.value, 1e-5);
    for (std::size_t l = 0; l < kLayers; ++l) expect_near(device.weights[l], host.weights[l], kLayerNames[l]);
  }

 private:
  static void expect_near(const Linear& seen, const Linear& wanted, const char* name) {
    double worst = 0;
    const std::int64_t count = wanted.weight.rows() * wanted.weight.cols();
    for (std::int64_t i = 0; i < count; ++i) {
      worst =
          std::max(worst, std::fabs(static_cast<double>(seen.weight.data()[i]) - wanted.weight.data()[i]));
    }
    for (std::size_t i = 0; i < wanted.bias.size(); ++i) {
      worst = std::max(worst, std::fabs(static_cast<double>(seen.bias[i]) - wanted.bias[i]));
    }
    EXPECT_LT(worst, 2e-5) << name;  // ten steps of 1e-3 each
  }
};

TrainOptions options_with(RankingLoss loss, int n_pair, bool weighting) {
  TrainOptions options;
  options.batch_size = 6;
  options.embd_dim = 16;
  options.max_words = 5;
  options.lr = 1e-3;
  options.loss = loss;
  options.n_pair = n_pair;
  options.negative_weighting = weighting;
  return options;
}

TEST_F(DeviceTrainingTest, TakesTheTrainersStepsWithTheMarginLoss) {
  compare(options_with(RankingLoss::MaxMargin, 1, false), -1);
}
TEST_F(DeviceTrainingTest, TakesTheTrainersStepsWithWeightedPairs) {
  compare(options_with(RankingLoss::MaxMargin, 2, true), -1);
}
TEST_F(DeviceTrainingTest, TakesTheTrainersStepsWithInfoNceAndItsTemperature) {
  compare(options_with(RankingLoss::Nce, 2, false), -1);
}

/// The same on a GPU, where there is one.
class GpuTraining : public DeviceTrainingTest {};

TEST_F(GpuTraining, TakesTheTrainersSteps) {
  try {
    compare(options_with(RankingLoss::MaxMargin, 2, true), 0);
    compare(options_with(RankingLoss::Nce, 2, false), 0);
  } catch (const Error& error) {
    if (error.fault() != Fault::Unsupported) throw;
    GTEST_SKIP() << error.what();
  }
}

}  // namespace
}  // namespace tvr
