// Training by several processes, played by threads, gives the bits of one process.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "../../support/expect_error.h"
#include "../../support/temp_folder.h"
#include "../pair_fixture.h"
#include "data/error.h"
#include "model/resident_pairs.h"
#include "model/train_fields.h"
#include "model/trainer.h"
#include "thread_group.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::random_matrix;
using testing::random_pairs;
using testing::TempFolder;
using testing::ThreadGroup;

/// Pairs of a split, with the captions of the next pairs of the batch as further candidates.
class WithCandidates : public PairSource {
 public:
  WithCandidates(const PairData& pairs, const Matrix& vectors, const TrainOptions& options, int candidates)
      : pairs_(pairs, vectors, plan_training(options)), candidates_(candidates) {}

  [[nodiscard]] std::int64_t clip_count() const noexcept override { return pairs_.clip_count(); }
  [[nodiscard]] std::int64_t video_dim() const noexcept override { return pairs_.video_dim(); }
  [[nodiscard]] std::int64_t steps() const noexcept override { return pairs_.steps(); }
  [[nodiscard]] bool is_on_disk() const noexcept override { return candidates_ > 1; }
  [[nodiscard]] StepPairs batch(int epoch, std::int64_t step) const override {
    const StepPairs pairs = pairs_.batch(epoch, step);
    StepPairs more{pairs.clips, {}};
    for (std::size_t i = 0; i < pairs.clips.size(); ++i) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(candidates_); ++c)
        more.captions.push_back(pairs.captions[(i + c) % pairs.captions.size()]);
    }
    return more;
  }
  [[nodiscard]] Matrix features(const std::vector<std::int32_t>& clips) const override {
    return pairs_.features(clips);
  }
  [[nodiscard]] std::string identity() const override { return pairs_.identity(); }

 private:
  ResidentPairs pairs_;
  int candidates_;
};

struct Outcome {
  TrainResult result;
  std::vector<double> losses;  // by epoch
};

struct GroupTraining : public ::testing::Test {
  GroupTraining() {
    options.epochs = 2;
    options.batch_size = 7;
    options.embd_dim = 23;
    options.max_words = 6;
    options.lr = 1e-3;
    options.threads = 1;
  }

  /// What rank 0 of `size` processes gives; rank `size` - 1 stops before it has taken that many steps.
  Outcome run(int size, const std::string& state, int stop_after_steps = -1) {
    Outcome outcome;
    ThreadGroup(size).run([&](Collective& group) {
      int steps = 0;
      TrainObserver observer;
      observer.on_epoch = [&](const EpochReport& report) {
        EXPECT_EQ(group.rank(), 0);
        outcome.losses.push_back(report.loss);
      };
      observer.on_weights = [&](int, const Parameters&) { EXPECT_EQ(group.rank(), 0); };
      observer.progress = [&](const ProgressEvent&) {
        return group.rank() != size - 1 || stop_after_steps < 0 || steps++ < stop_after_steps;
      };
      const WithCandidates source(pairs, vectors, options, candidates);
      TrainResult result =
          train(source, val, vectors, plan_training(options), folder / state, observer, nullptr, group);
      EXPECT_EQ(result.weights.empty(), group.rank() > 0);
      if (group.rank() == 0) outcome.result = std::move(result);
    });
    return outcome;
  }

  static void expect_equal(const Outcome& one, const Outcome& other, const std::string& what) {
    EXPECT_EQ(one.losses, other.losses) << what;
    EXPECT_EQ(one.result.best_epoch, other.result.best_epoch) << what;
    ASSERT_EQ(one.result.weights.size(), other.result.weights.size()) << what;
    for (std::size_t i = 0; i < one.result.weights.size(); ++i) {
      const auto& [name, tensor] = one.result.weights[i];
      EXPECT_EQ(tensor.bytes, other.result.weights[i].second.bytes) << what << ": " << name;
    }
  }

  void expect_the_bits_of_one(const std::string& what, const std::vector<int>& sizes = {2, 3, 4}) {
    const Outcome one = run(1, what + " 1");
    ASSERT_EQ(one.losses.size(), static_cast<std::size_t>(options.epochs));
    for (const int size : sizes)
      expect_equal(one, run(size, what + ' ' + std::to_string(size)), what + ' ' + std::to_string(size));
  }

  Matrix vectors = random_matrix(40, 10, 1);
  PairData pairs = random_pairs(vectors, 40, 3, 12, 2);
  PairData val;
  TrainOptions options;
  int candidates = 1;
  TempFolder folder;
};

TEST_F(GroupTraining, GivesTheBitsOfOneProcessWithEveryLoss) {
  expect_the_bits_of_one("max-margin");
  options.dropout = 0.3;
  expect_the_bits_of_one("dropout");
  options.n_pair = 3;
  options.negative_weighting = true;
  expect_the_bits_of_one("weighting");
  options.negative_weighting = false;
  options.loss = RankingLoss::Nce;
  options.cosine = true;
  expect_the_bits_of_one("nce");
  options.n_pair = 1;
  options.loss = RankingLoss::MilNce;
  candidates = 3;
  expect_the_bits_of_one("mil-nce");
}

TEST_F(GroupTraining, GivesTheBitsOfOneProcessWithAnyNumberOfThreads) {
  options.batch_size = 32;
  options.embd_dim = 512;  // large enough to be worth several threads
  const Outcome one = run(1, "one");
  options.threads = 3;
  expect_equal(one, run(2, "two"), "two of three threads");
}

TEST_F(GroupTraining, HasRanksWithoutPairsOrRows) {
  options.batch_size = 2;
  options.embd_dim = 3;
  expect_the_bits_of_one("small", {4, 5});
}

TEST_F(GroupTraining, IsResumedByAnotherNumberOfProcesses) {
  val = random_pairs(vectors, 10, 2, 12, 3);
  options.loss = RankingLoss::Nce;
  options.epochs = 4;
  const Outcome whole = run(1, "whole");
  for (const int steps : {0, 2, 5, 11}) {
    const std::string state = "stopped after " + std::to_string(steps);
    expect_error([&] { (void)run(2, state, steps); }, Fault::Interrupted, "stopped in epoch");
    expect_error([&] { (void)run(4, state, 1); }, Fault::Interrupted, "stopped in epoch");
    expect_error([&] { (void)run(1, state, 1); }, Fault::Interrupted, "stopped in epoch");
    expect_equal(whole, run(3, state), state);
  }
  expect_equal(whole, run(2, "whole"), "finished");
}

TEST_F(GroupTraining, StopsEarlyOnEveryRank) {
  val = random_pairs(vectors, 30, 2, 12, 3);
  options.epochs = 300;
  options.lr = 1e-2;
  options.early_stop = 3;
  const Outcome one = run(1, "one");
  EXPECT_LT(one.losses.size(), 300U);
  expect_equal(one, run(3, "three"), "three");
}

TEST_F(GroupTraining, RefusesProcessesWithOtherData) {
  const auto train_in_group = [&] {
    ThreadGroup(3).run([&](Collective& group) {
      PairData own = pairs;
      if (group.rank() == 1) own.clips.row(0)[0] += 1e-6F;
      const ResidentPairs source(own, vectors, plan_training(options));
      (void)train(source, val, vectors, plan_training(options), folder / "state", {}, nullptr, group);
    });
  };
  expect_error(train_in_group, Fault::Mismatch, " on rank 1");
  EXPECT_FALSE(std::filesystem::exists(folder / "state"));
}

TEST_F(GroupTraining, IsOnProcessorsAlone) {
  options.gpu = 0;
  expect_error([&] { (void)run(2, "state"); }, Fault::Unsupported, "several processes");
}

}  // namespace
}  // namespace tvr
