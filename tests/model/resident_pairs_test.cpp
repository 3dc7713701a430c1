#include "model/resident_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "../support/expect_error.h"
#include "../support/temp_folder.h"
#include "model/train_fields.h"
#include "model/trainer.h"
#include "pair_fixture.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::random_matrix;
using testing::random_pairs;
using testing::TempFolder;

struct Resident : public ::testing::Test {
  Resident() {
    options.batch_size = 8;
    options.n_pair = 2;
    options.embd_dim = 12;
    options.epochs = 3;
    for (std::int32_t clip = 0; clip < 40; ++clip) pairs.video_of.push_back(clip / 2);
  }
  [[nodiscard]] ResidentPairs source() const { return {pairs, vectors, plan_training(options)}; }

  Matrix vectors = random_matrix(30, 10, 1);
  PairData pairs = random_pairs(vectors, 40, 3, 12, 2);
  TrainOptions options;
};

bool same(const StepPairs& a, const StepPairs& b) { return a.clips == b.clips && a.captions == b.captions; }

TEST_F(Resident, HasTheBatchesOfTheEpochInAnyOrderOfAsking) {
  const ResidentPairs resident = source();
  const EpochBatches batches(pairs, options.batch_size, options.n_pair, options.seed);
  ASSERT_EQ(resident.steps(), batches.steps());
  ASSERT_GE(resident.steps(), 2);
  for (const int epoch : {2, 1, 2, 7}) {
    for (const std::int64_t step : {1, 0}) {
      const PairBatch wanted = batches.epoch(epoch)[static_cast<std::size_t>(step)];
      EXPECT_TRUE(same(resident.batch(epoch, step), pairs_of(pairs, wanted))) << epoch << ' ' << step;
    }
  }
}

TEST_F(Resident, IsSafeFromManyThreads) {
  const ResidentPairs resident = source();
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      const int epoch = 1 + static_cast<int>(t) % 2;
      const StepPairs wanted = source().batch(epoch, 0);
      for (int i = 0; i < 200; ++i) wrong[t] += same(resident.batch(epoch, 0), wanted) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST_F(Resident, GathersFeaturesInTheOrderAskedFor) {
  const Matrix rows = source().features({7, 3, 7});
  ASSERT_EQ(rows.rows(), 3);
  for (std::int64_t i = 0; i < rows.cols(); ++i) {
    EXPECT_EQ(rows.row(0)[i], pairs.clips.row(7)[i]);
    EXPECT_EQ(rows.row(1)[i], pairs.clips.row(3)[i]);
    EXPECT_EQ(rows.row(2)[i], pairs.clips.row(7)[i]);
  }
}

TEST_F(Resident, HasAnIdentityOfAllThatDecidesThePairs) {
  const PairData sound = pairs;
  std::set<std::string> identities = {source().identity()};
  const auto add_changed = [&](const auto& change) {
    change();
    identities.insert(source().identity());
    pairs = sound;
  };
  add_changed([&] { pairs.clips.row(39)[11] += 1e-6F; });
  add_changed([&] { pairs.captions[5].push_back(1); });
  add_changed([&] { std::swap(pairs.captions[5], pairs.captions[6]); });
  add_changed([&] { pairs.clip_of[5] = 30; });
  add_changed([&] { pairs.video_of[5] = 19; });
  add_changed([&] { pairs.video_of.clear(); });
  EXPECT_EQ(identities.size(), 7U);
  EXPECT_EQ(identities.count(source().identity()), 1U);
}

TEST_F(Resident, RefusesOptionsOutOfRangeAndPairsThatDoNotFit) {
  options.n_pair = 0;
  expect_error([&] { (void)source(); }, Fault::InvalidArgument, "n-pair");
  options.n_pair = 1;
  pairs.captions[3].push_back(30);
  expect_error([&] { (void)source(); }, Fault::InvalidArgument, "30 vectors");
}

/// Reads nothing ahead, and remembers how many clips it was asked for at once.
class Watched : public PairSource {
 public:
  explicit Watched(const PairSource& source) : source_(source) {}
  [[nodiscard]] std::int64_t clip_count() const noexcept override { return source_.clip_count(); }
  [[nodiscard]] std::int64_t video_dim() const noexcept override { return source_.video_dim(); }
  [[nodiscard]] std::int64_t steps() const noexcept override { return source_.steps(); }
  [[nodiscard]] StepPairs batch(int epoch, std::int64_t step) const override {
    return source_.batch(epoch, step);
  }
  [[nodiscard]] Matrix features(const std::vector<std::int32_t>& clips) const override {
    most = std::max(most, clips.size());
    return source_.features(clips);
  }
  [[nodiscard]] std::string identity() const override { return source_.identity(); }

  mutable std::size_t most = 0;

 private:
  const PairSource& source_;
};

TEST_F(Resident, IsNeverAskedForMoreThanABatchByATrainingOnTheCpu) {
  const ResidentPairs resident = source();
  const Watched watched(resident);
  const TempFolder folder;
  (void)train(watched, {}, vectors, plan_training(options), folder / "state", {}, {});
  EXPECT_EQ(watched.most, 16U);
}

}  // namespace
}  // namespace tvr
