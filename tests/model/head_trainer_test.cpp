#include "model/head_trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>

#include "../support/expect_error.h"
#include "../support/temp_folder.h"
#include "data/tensors/pth.h"
#include "head_fixture.h"
#include "model/head_fields.h"
#include "model/head_state.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::LearnablePairs;
using testing::random_matrix;

constexpr double kScale = 20;

bool equal(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.rows() * a.cols()) * sizeof(float)) == 0;
}
bool equal(const Head& a, const Head& b) {
  return equal(a.text, b.text) && equal(a.video, b.video) && a.log_scale == b.log_scale;
}

struct HeadTrainer : public ::testing::Test {
  HeadTrainer() {
    options.epochs = 6;
    options.batch_size = 16;
    options.lr = 1e-2;
    // Validation is the end of one set: its sentences follow those of training.
    for (std::int64_t i = 0; i < 2 * kClips; ++i) {
      const bool is_train = i < kClips;
      PairData& pairs = is_train ? train : val;
      for (int c = 0; c < 2; ++c) {
        pairs.captions.push_back(all.pairs.captions[static_cast<std::size_t>(2 * i + c)]);
        pairs.clip_of.push_back(static_cast<std::int32_t>(is_train ? i : i - kClips));
      }
    }
    train.clips = val.clips = Matrix(kClips, all.pairs.clips.cols());
    std::memcpy(train.clips.data(), all.pairs.clips.data(), bytes());
    std::memcpy(val.clips.data(), all.pairs.clips.row(kClips), bytes());
  }

  [[nodiscard]] std::size_t bytes() const {
    return static_cast<std::size_t>(kClips * all.pairs.clips.cols()) * sizeof(float);
  }

  TrainedHead run(const HeadObserver& observer = {}) {
    return train_head(train, val, all.sentences, kScale, plan_head(options), folder / "state.pth", observer);
  }

  /// Stops before the step with this number, counted over all epochs.
  void stop_before(int step) {
    HeadObserver observer;
    observer.progress = [step, seen = 0](const ProgressEvent&) mutable { return seen++ < step; };
    expect_error([&] { (void)run(observer); }, Fault::Interrupted, "stopped in epoch");
  }

  static constexpr std::int64_t kClips = 80;
  const LearnablePairs all{2 * kClips, 2, 5};
  PairData train, val;
  HeadOptions options;
  testing::TempFolder folder;
};

TEST_F(HeadTrainer, BeatsThePretrainedPairOnAnotherSplitWhereThereIsSomethingToLearn) {
  std::vector<EpochReport> epochs;
  HeadObserver observer;
  observer.on_epoch = [&](const EpochReport& report) { epochs.push_back(report); };
  const TrainedHead trained = run(observer);
  ASSERT_EQ(epochs.size(), 7U);
  EXPECT_TRUE(std::isnan(epochs.front().loss));
  EXPECT_GT(trained.epoch, 0);
  const auto score = [&](int epoch) { return head_score(*epochs[static_cast<std::size_t>(epoch)].val_t2v); };
  std::printf("score %.1f before, %.1f after\n", score(0), score(trained.epoch));
  EXPECT_GT(score(trained.epoch), 1.5 * score(0));
  EXPECT_LT(epochs.back().loss, epochs[1].loss);
  EXPECT_LE(trained.head.log_scale, std::log(100.0F) + 1e-6F);
}

TEST_F(HeadTrainer, StartsAtThePairItself) {
  std::optional<RetrievalMetrics> first;
  HeadObserver observer;
  observer.on_epoch = [&](const EpochReport& report) {
    if (report.epoch == 0) first = report.val_t2v;
  };
  (void)run(observer);
  const RetrievalMetrics zero_shot = summarize(text_to_video_ranks(
      sentences_of(val, all.sentences), first_columns(val.clips, LearnablePairs::kDim), val.clip_of));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->values, zero_shot.values);
}

TEST_F(HeadTrainer, KeepsThePairWhereNoEpochIsBetter) {
  train.clips = random_matrix(kClips, train.clips.cols(), 9);  // they have nothing to do with their captions
  options.lr = 0.1;
  val.clips = first_columns(val.clips, val.clips.cols());
  for (std::int64_t i = 0; i < kClips; ++i) {  // zero-shot is perfect
    std::memcpy(val.clips.row(i), all.sentences.row(val.captions[static_cast<std::size_t>(2 * i)].front()),
                LearnablePairs::kDim * sizeof(float));
  }
  const TrainedHead trained = run();
  EXPECT_EQ(trained.epoch, 0);
  EXPECT_TRUE(equal(trained.head, zero_head(trained.head.dim(), trained.head.video_dim(),
                                            static_cast<float>(std::log(kScale)))));
}

TEST_F(HeadTrainer, IsThatOfTheLastEpochWithoutValidation) {
  val = {};
  EXPECT_EQ(run().epoch, options.epochs);
}

TEST_F(HeadTrainer, GivesEqualBitsWithAnyNumberOfThreads) {
  options.threads = 1;
  const TrainedHead one = run();
  options.threads = 3;
  std::filesystem::remove(folder / "state.pth");
  EXPECT_TRUE(equal(run().head, one.head));
}

TEST_F(HeadTrainer, GoesOnFromWhereItWasStoppedAsIfItHadNot) {
  const TrainedHead whole = run();
  for (const int step : {0, 3, 5, 17}) {  // 5 steps per epoch
    std::filesystem::remove(folder / "state.pth");
    stop_before(step);
    ASSERT_TRUE(std::filesystem::exists(folder / "state.pth"));
    std::vector<int> epochs;
    HeadObserver observer;
    observer.on_epoch = [&](const EpochReport& report) { epochs.push_back(report.epoch); };
    const TrainedHead resumed = run(observer);
    EXPECT_TRUE(equal(resumed.head, whole.head)) << step;
    EXPECT_EQ(resumed.epoch, whole.epoch);
    EXPECT_EQ(epochs, (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
  }
}

TEST_F(HeadTrainer, RefusesAStateOfOtherDataOrOptions) {
  stop_before(3);
  options.lr *= 2;
  expect_error([&] { (void)run(); }, Fault::Mismatch, "belongs to other data or options");
}

TEST_F(HeadTrainer, RefusesADamagedState) {
  stop_before(7);
  const NamedTensors whole = read_pth(folder / "state.pth");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i].first == "identity") continue;
    NamedTensors damaged = whole;
    damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(i));
    write_pth(folder / "state.pth", damaged);
    expect_error([&] { (void)run(); }, Fault::Corrupt, "no state of a head's training");
    damaged = whole;
    damaged[i].second.shape.push_back(1);
    if (whole[i].first.find("logit_scale") != std::string::npos) continue;  // still one value
    write_pth(folder / "state.pth", damaged);
    expect_error([&] { (void)run(); }, Fault::Corrupt, "no state of a head's training");
  }
  std::ofstream(folder / "state.pth") << "something else";
  expect_error([&] { (void)run(); }, Fault::Corrupt, "");
}

TEST_F(HeadTrainer, RefusesPairsThatAreNone) {
  PairData narrow = train;
  narrow.clips = first_columns(train.clips, 3);
  const auto refuse = [&](const PairData& pairs, Fault fault, const std::string& phrase) {
    expect_error(
        [&] {
          (void)train_head(pairs, {}, all.sentences, kScale, plan_head(options), folder / "state.pth", {});
        },
        fault, phrase);
  };
  refuse(narrow, Fault::Mismatch, "do not hold the image tower's");
  PairData wordy = train;
  wordy.captions[2].push_back(0);
  refuse(wordy, Fault::InvalidArgument, "caption 2 is not one sentence");
  PairData infinite = train;
  infinite.clips.row(3)[2] = INFINITY;
  refuse(infinite, Fault::Corrupt, "row 3");
  options.batch_size = 81;
  refuse(train, Fault::Mismatch, "do not fill one batch");
}

TEST(HeadOptions, OutsideOfTheirRangeAreRefusedByName) {
  HeadOptions options;
  options.lr = 0;
  expect_error([&] { (void)plan_head(options); }, Fault::InvalidArgument, "above 0");
  options = {};
  options.weight_decay = std::nan("");
  expect_error([&] { (void)plan_head(options); }, Fault::InvalidArgument, "weight-decay");
}

TEST(HeadOptions, ThatChangeTheResultChangeTheIdentity) {
  HeadOptions options;
  const std::string before = plan_head(options).identity;
  options.threads = 3;
  EXPECT_EQ(plan_head(options).identity, before);
  options.seed = 9;
  EXPECT_NE(plan_head(options).identity, before);
}

}  // namespace
}  // namespace tvr
