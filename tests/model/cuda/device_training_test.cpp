#include "model/cuda/device_training.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "data/error.h"
#include "model/adam.h"
#include "model/embed.h"
#include "model/resident_pairs.h"
#include "model/train_fields.h"
#include "model/trainer.h"
#include "model/training_step.h"
#include "tests/model/pair_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::random_matrix;
using testing::random_pairs;
using testing::TempFolder;

/// Columns of word vectors and clips, and clips to train on.
struct Sizes {
  std::int64_t word_dim = 12, video_dim = 20, clips = 24;
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

/// Sizes that no tile and no vector of a kernel divides.
TrainOptions odd_options() {
  TrainOptions options = options_with(RankingLoss::MaxMargin, 1, false);
  options.batch_size = 5;
  options.embd_dim = 17;
  return options;
}
constexpr Sizes kOddSizes{11, 19, 24};

/// More pairs than a kernel takes at once.
TrainOptions many_pairs() {
  TrainOptions options = odd_options();
  options.batch_size = 21;
  options.n_pair = 2;
  return options;
}

TrainOptions dropping() {
  TrainOptions options = odd_options();
  options.loss = RankingLoss::Nce;
  options.dropout = 0.3;
  options.seed = 12345678901234567890U;
  return options;
}

/// Captions of one word.
TrainOptions single_words() {
  TrainOptions options = odd_options();
  options.max_words = 1;
  return options;
}

/// A start, and ten steps to take from it.
struct Task {
  explicit Task(const TrainOptions& with, const Sizes& sizes = {})
      : options(with),
        vectors(random_matrix(40, sizes.word_dim, 3)),
        pairs(random_pairs(vectors, sizes.clips, 3, sizes.video_dim, 7)),
        source(pairs, vectors, plan_training(options)) {
    const EmbeddingShape shape{sizes.word_dim, sizes.video_dim, options.embd_dim, options.max_words};
    start.weights = initial_parameters(shape, 5);
    start.adam.mean = start.adam.variance = zero_parameters(shape);
    start.log_scale.value = static_cast<float>(-std::log(options.temperature));
    for (int epoch = 1; batches.size() < 10; ++epoch) {
      for (std::int64_t step = 0; step < source.steps(); ++step) batches.push_back(source.batch(epoch, step));
    }
    batches.resize(10);
  }

  /// By the trainer's own arithmetic; returns the sum of the losses.
  double take_steps(TrainState& state) const {
    double loss = 0;
    std::uint64_t number = 0;
    for (const StepPairs& batch : batches) {
      const StepResult step = loss_and_gradients(state.weights, static_cast<double>(state.log_scale.value),
                                                 batch, source.features(batch.clips), vectors, options,
                                                 {options.dropout, options.seed, number++});
      adam_step(state.weights, state.adam, step.gradients, options.lr);
      if (options.loss == RankingLoss::Nce)
        adam_step(state.log_scale, state.adam.step, step.d_log_scale, options.lr);
      loss += step.loss;
    }
    return loss;
  }

  /// Steps [first, last).
  void take_steps(DeviceTraining& training, std::size_t first, std::size_t last) const {
    const auto begin = batches.begin();
    training.begin({begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last)},
                   std::vector<double>(last - first, options.lr), first);
    for (std::size_t i = first; i < last; ++i) training.step();
  }

  TrainOptions options;
  Matrix vectors;
  PairData pairs;
  ResidentPairs source;
  TrainState start;
  std::vector<StepPairs> batches;
};

double distance(const Parameters& a, const Parameters& b) {
  double worst = 0;
  const auto compare = [&](float x, float y) {
    worst = std::max(worst, std::fabs(static_cast<double>(x) - static_cast<double>(y)));
  };
  for (std::size_t l = 0; l < kLayers; ++l) {
    const std::int64_t count = a[l].weight.rows() * a[l].weight.cols();
    for (std::int64_t i = 0; i < count; ++i) compare(a[l].weight.data()[i], b[l].weight.data()[i]);
    for (std::size_t i = 0; i < a[l].bias.size(); ++i) compare(a[l].bias[i], b[l].bias[i]);
  }
  return worst;
}

/// Ten steps of the trainer's own arithmetic, and of DeviceTraining's, from one start.
void compare_steps(const TrainOptions& options, int gpu, const Sizes& sizes = {}) {
  const Task task(options, sizes);
  TrainState host = task.start, device = task.start;
  const double loss = task.take_steps(host);
  DeviceTraining training(device, task.source, {}, task.vectors, options, gpu);
  task.take_steps(training, 0, 10);
  EXPECT_NEAR(training.loss_sum(), loss, 1e-5 * loss);
  training.copy_to(device);
  EXPECT_EQ(device.adam.step, 10);
  EXPECT_NEAR(device.log_scale.value, host.log_scale.value, 1e-5);
  EXPECT_LT(distance(device.weights, host.weights), 2e-5);  // ten steps of 1e-3 each
}

/// Validations of more rows than are embedded at once, with captions without words and with too many; returns
/// how many of the ranks are not the host's.
int other_ranks(int gpu) {
  const Task task(odd_options(), kOddSizes);
  PairData many_captions = random_pairs(task.vectors, 10, 110, kOddSizes.video_dim, 11);
  many_captions.captions[3].clear();
  many_captions.captions[1050].resize(30, 7);
  PairData many_clips = random_pairs(task.vectors, 1100, 1, kOddSizes.video_dim, 13);
  std::rotate(many_clips.clip_of.begin(), many_clips.clip_of.end() - 4, many_clips.clip_of.end());
  many_clips.captions.resize(8);
  many_clips.clip_of.resize(8);
  int others = 0;
  for (const PairData& validation : {many_captions, many_clips}) {
    const DeviceTraining training(task.start, task.source, validation, task.vectors, task.options, gpu);
    const std::vector<double> seen = training.validation_ranks();
    const std::vector<double> wanted = text_to_video_ranks(
        embed_text(task.start.weights, task.vectors, validation.captions, task.options.max_words),
        embed_video(task.start.weights, validation.clips), validation.clip_of);
    EXPECT_EQ(seen.size(), wanted.size());
    for (std::size_t i = 0; i < std::min(seen.size(), wanted.size()); ++i) others += seen[i] != wanted[i];
  }
  return others;
}

TEST(DeviceTraining, TakesTheTrainersStepsWithTheMarginLoss) {
  compare_steps(options_with(RankingLoss::MaxMargin, 1, false), -1);
}
TEST(DeviceTraining, TakesTheTrainersStepsWithWeightedPairs) {
  compare_steps(options_with(RankingLoss::MaxMargin, 2, true), -1);
}
TEST(DeviceTraining, TakesTheTrainersStepsWithInfoNceAndItsTemperature) {
  compare_steps(options_with(RankingLoss::Nce, 2, false), -1);
}
TEST(DeviceTraining, TakesTheTrainersStepsWithOddSizes) { compare_steps(odd_options(), -1, kOddSizes); }
TEST(DeviceTraining, TakesTheTrainersStepsWithManyPairs) { compare_steps(many_pairs(), -1, kOddSizes); }
TEST(DeviceTraining, TakesTheTrainersStepsWithDropout) { compare_steps(dropping(), -1, kOddSizes); }
TEST(DeviceTraining, TakesTheTrainersStepsWithSingleWords) { compare_steps(single_words(), -1, kOddSizes); }

TEST(DeviceTraining, RanksAValidationAsTheHostDoes) { EXPECT_EQ(other_ranks(-1), 0); }

TEST(DeviceTraining, RanksEqualClipsBesideEachOther) {
  const Task task(odd_options(), kOddSizes);
  PairData validation = random_pairs(task.vectors, 1, 2, kOddSizes.video_dim, 11);
  Matrix twice(2, kOddSizes.video_dim);
  for (std::int64_t i = 0; i < 2; ++i) std::copy_n(validation.clips.row(0), twice.cols(), twice.row(i));
  validation.clips = twice;
  const DeviceTraining training(task.start, task.source, validation, task.vectors, task.options, -1);
  EXPECT_EQ(training.validation_ranks(), (std::vector<double>{1.5, 1.5}));
}

TEST(DeviceTraining, RefusesToRankNaN) {
  Task task(odd_options(), kOddSizes);
  task.start.weights[kVideoGate].bias[3] = NAN;
  const DeviceTraining training(task.start, task.source, task.pairs, task.vectors, task.options, -1);
  try {
    (void)training.validation_ranks();
    FAIL() << "ranked";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::Corrupt);
  }
}

/// `pipeline run` extracts and trains in one process, and LibTorch has one setting for it.
TEST(DeviceTraining, ComputesInFp32AfterAnExtractionInTf32) {
  at::globalContext().setAllowTF32CuBLAS(true);
  const Task task(odd_options(), kOddSizes);
  const DeviceTraining training(task.start, task.source, {}, task.vectors, task.options, -1);
  EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
}

void keeps_the_best_weights(int gpu) {
  const Task task(odd_options(), kOddSizes);
  DeviceTraining training(task.start, task.source, {}, task.vectors, task.options, gpu);
  TrainState state = task.start;
  task.take_steps(training, 0, 3);
  training.copy_to(state);
  EXPECT_TRUE(state.best[0].bias.empty());  // nothing is best yet
  const Parameters after_three = state.weights;
  training.keep_best();
  task.take_steps(training, 3, 5);
  training.copy_to(state);
  EXPECT_EQ(distance(state.best, after_three), 0);
  EXPECT_GT(distance(state.weights, after_three), 0);
  state.best[0].bias[0] = 5;
  training.copy_to(state);
  EXPECT_EQ(state.best[0].bias[0], 5);  // not copied a second time
}

/// Five steps, and five more from what they left behind.
void goes_on_from_a_state(int gpu) {
  const Task task(odd_options(), kOddSizes);
  TrainState whole = task.start, state = task.start;
  {
    DeviceTraining training(whole, task.source, {}, task.vectors, task.options, gpu);
    task.take_steps(training, 0, 10);
    training.copy_to(whole);
  }
  {
    DeviceTraining training(state, task.source, {}, task.vectors, task.options, gpu);
    task.take_steps(training, 0, 5);
    training.keep_best();
    training.copy_to(state);
  }
  const Parameters best = state.best;
  DeviceTraining training(state, task.source, {}, task.vectors, task.options, gpu);
  task.take_steps(training, 5, 10);
  training.copy_to(state);
  EXPECT_EQ(state.adam.step, 10);
  EXPECT_LT(distance(state.weights, whole.weights), 1e-6);
  EXPECT_EQ(distance(state.best, best), 0);
}

TEST(DeviceTraining, KeepsTheBestWeights) { keeps_the_best_weights(-1); }
TEST(DeviceTraining, GoesOnFromAState) { goes_on_from_a_state(-1); }

/// On a GPU, where there is one.
class GpuTraining : public ::testing::Test {
 protected:
  static void on_gpu(const std::function<void()>& test) {
    try {
      test();
    } catch (const Error& error) {
      if (error.fault() != Fault::Unsupported) throw;
      GTEST_SKIP() << error.what();
    }
  }
};

TEST_F(GpuTraining, TakesTheTrainersSteps) {
  on_gpu([] {
    compare_steps(options_with(RankingLoss::MaxMargin, 2, true), 0);
    compare_steps(options_with(RankingLoss::Nce, 2, false), 0);
  });
}
TEST_F(GpuTraining, TakesTheTrainersStepsWithOddSizes) {
  on_gpu([] {
    compare_steps(odd_options(), 0, kOddSizes);
    compare_steps(many_pairs(), 0, kOddSizes);
    compare_steps(single_words(), 0, kOddSizes);
    compare_steps(dropping(), 0, kOddSizes);
  });
}
TEST_F(GpuTraining, TakesTheTrainersStepsWithManyTiles) {
  on_gpu([] {
    TrainOptions options = options_with(RankingLoss::MaxMargin, 1, false);
    options.batch_size = 32;
    options.embd_dim = 256;
    options.max_words = 20;
    const Task task(options, {100, 300, 64});
    TrainState host = task.start;
    const double loss = task.take_steps(host);
    DeviceTraining training(task.start, task.source, {}, task.vectors, options, 0);
    task.take_steps(training, 0, 10);
    EXPECT_NEAR(training.loss_sum(), loss, 1e-4 * loss);
  });
}
TEST_F(GpuTraining, RanksAValidationAsTheHostDoes) {
  on_gpu([] { EXPECT_LE(other_ranks(0), 11); });  // rounding may move one in a hundred
}
TEST_F(GpuTraining, KeepsTheBestWeights) {
  on_gpu([] { keeps_the_best_weights(0); });
}
TEST_F(GpuTraining, GoesOnFromAState) {
  on_gpu([] { goes_on_from_a_state(0); });
}

TEST_F(GpuTraining, IsStoppedAndGoesOnAsIfThereHadBeenNoStop) {
  on_gpu([] {
    const Task task(odd_options(), kOddSizes);
    TrainOptions options = task.options;
    options.gpu = 0;
    options.epochs = 6;
    const PairData validation = random_pairs(task.vectors, 10, 2, kOddSizes.video_dim, 3);
    const TempFolder folder;
    const auto run = [&](const char* state, int stop_after_steps) {
      int steps = 0;
      return train(
          task.source, validation, task.vectors, plan_training(options), folder / state,
          {{}, {}, [&](const ProgressEvent&) { return stop_after_steps < 0 || steps++ < stop_after_steps; }});
    };
    const TrainResult whole = run("whole", -1);
    testing::expect_error([&] { (void)run("stopped", 14); }, Fault::Interrupted,
                          "Run the same command again");
    const TrainResult resumed = run("stopped", -1);
    EXPECT_EQ(resumed.best_epoch, whole.best_epoch);
    EXPECT_LT(distance(parameters_of(resumed.weights), parameters_of(whole.weights)), 1e-6);
  });
}

}  // namespace
}  // namespace tvr
