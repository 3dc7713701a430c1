#include "model/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "../support/expect_error.h"
#include "../support/temp_folder.h"
#include "data/error.h"
#include "model/joint_embedding.h"
#include "model/resident_pairs.h"
#include "model/train_fields.h"
#include "model/train_state.h"
#include "pair_fixture.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::random_matrix;
using testing::random_pairs;
using testing::TempFolder;

/// The same pairs, as if they were read from disk or not.
class PairsOnDisk : public PairSource {
 public:
  PairsOnDisk(const PairData& pairs, const Matrix& vectors, const TrainOptions& options, bool on_disk)
      : pairs_(pairs, vectors, plan_training(options)), on_disk_(on_disk) {}

  [[nodiscard]] std::int64_t clip_count() const noexcept override { return pairs_.clip_count(); }
  [[nodiscard]] std::int64_t video_dim() const noexcept override { return pairs_.video_dim(); }
  [[nodiscard]] std::int64_t steps() const noexcept override { return pairs_.steps(); }
  [[nodiscard]] bool is_on_disk() const noexcept override { return on_disk_; }
  [[nodiscard]] StepPairs batch(int epoch, std::int64_t step) const override {
    return pairs_.batch(epoch, step);
  }
  [[nodiscard]] Matrix features(const std::vector<std::int32_t>& clips) const override {
    return pairs_.features(clips);
  }
  [[nodiscard]] std::string identity() const override { return pairs_.identity(); }

 private:
  ResidentPairs pairs_;
  bool on_disk_;
};

struct Trainer : public ::testing::Test {
  Trainer() {
    options.epochs = 6;
    options.batch_size = 8;
    options.embd_dim = 24;
    options.max_words = 6;
    options.lr = 1e-3;
  }
  TrainResult run(const std::filesystem::path& state, int stop_after_steps = -1) {
    losses.clear();
    rates.clear();
    int steps = 0;
    TrainObserver observer;
    observer.on_epoch = [&](const EpochReport& report) {
      losses.push_back(report.loss);
      rates.push_back(report.lr);
    };
    observer.on_weights = [&](int epoch, const Parameters&) { weights_of.push_back(epoch); };
    observer.progress = [&](const ProgressEvent&) {
      return stop_after_steps < 0 || steps++ < stop_after_steps;
    };
    weights_of.clear();
    const PairsOnDisk source(pairs, vectors, options, on_disk);
    return train(source, val, vectors, plan_training(options), state, observer);
  }

  Matrix vectors = random_matrix(40, 10, 1);
  PairData pairs = random_pairs(vectors, 40, 3, 12, 2);
  PairData val;
  TrainOptions options;
  TempFolder folder;
  bool on_disk = false;
  std::vector<double> losses, rates;  // of the last run, by epoch
  std::vector<int> weights_of;        // the epochs whose weights it showed
};

void expect_equal(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].first, b[i].first);
    EXPECT_EQ(a[i].second.bytes, b[i].second.bytes) << a[i].first;
  }
}

TEST_F(Trainer, LearnsToFindTheClipsItWasShown) {
  options.epochs = 150;
  val = pairs;
  const TrainResult result = run(folder / "state");
  EXPECT_LT(losses.back(), losses.front() * 0.6);
  const JointEmbedding model(result.weights, options.max_words);
  const RetrievalMetrics metrics = summarize(text_to_video_ranks(
      model.embed_text(vectors, pairs.captions), model.embed_video(pairs.clips), pairs.clip_of));
  EXPECT_GT(metrics["R@5"], 80);
}

TEST_F(Trainer, GoesOnAfterAStopAsIfThereHadBeenNone) {
  val = random_pairs(vectors, 10, 2, 12, 3);
  const TrainResult whole = run(folder / "whole");
  const std::vector<double> whole_losses = losses;
  for (const int steps : {0, 1, 4, 5, 6, 13, 29}) {
    const std::filesystem::path state = folder / ("stopped after " + std::to_string(steps));
    expect_error([&] { (void)run(state, steps); }, Fault::Interrupted, "stopped in epoch");
    const TrainResult resumed = run(state);
    EXPECT_EQ(losses, whole_losses) << steps;  // the epochs before the stop are reported again
    EXPECT_EQ(resumed.best_epoch, whole.best_epoch);
    expect_equal(resumed.weights, whole.weights);
  }
}

TEST_F(Trainer, GoesOnWithEveryOptionAsIfThereHadBeenNoStop) {
  options.loss = RankingLoss::Nce;
  options.n_pair = 2;
  options.cosine = true;
  options.lr_decay = 0.5;
  options.lr_decay_epochs = 2;
  val = random_pairs(vectors, 10, 2, 12, 3);
  const TrainResult whole = run(folder / "whole");
  const std::vector<double> whole_rates = rates;
  expect_error([&] { (void)run(folder / "stopped", 17); }, Fault::Interrupted, "Run the same command again");
  expect_equal(run(folder / "stopped").weights, whole.weights);
  EXPECT_EQ(rates, whole_rates)
      << "the rate of an epoch is that of its first step, though it was resumed within";
}

TEST_F(Trainer, FollowsTheLearningRateSchedule) {
  const auto rates_of_run = [&](const std::string& state) { (void)run(folder / state); };
  options.lr_decay = 0.5;
  options.lr_decay_epochs = 2;
  rates_of_run("steps");
  EXPECT_EQ(rates, (std::vector<double>{1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4, 2.5e-4}));
  options.lr_decay = 1;
  options.cosine = true;
  rates_of_run("cosine");
  EXPECT_EQ(rates[0], 1e-3);
  EXPECT_NEAR(rates[3], 5e-4, 1e-12);
  EXPECT_NEAR(rates[2] + rates[4], 1e-3, 1e-12);
}

TEST_F(Trainer, StopsEarlyWhenValidationStopsGettingBetter) {
  val = random_pairs(vectors, 30, 2, 12, 3);
  options.epochs = 500;
  options.lr = 1e-2;
  options.early_stop = 4;
  const TrainResult result = run(folder / "state");
  EXPECT_LT(losses.size(), 500U);
  EXPECT_EQ(static_cast<int>(losses.size()), result.best_epoch + 4);
}

TEST_F(Trainer, MayBeGivenMoreEpochs) {
  const TrainResult six = run(folder / "six");
  options.epochs = 4;
  expect_error([&] { (void)run(folder / "four", 19); }, Fault::Interrupted,
               "stopped in epoch 4 after step 4");
  (void)run(folder / "four");
  options.epochs = 6;
  expect_equal(run(folder / "four").weights, six.weights);
}

TEST_F(Trainer, DependsOnTheSeed) {
  const TrainResult one = run(folder / "one");
  options.seed = 2;
  const TrainResult two = run(folder / "two");
  EXPECT_NE(find(one.weights, "GU_text.fc.weight")->bytes, find(two.weights, "GU_text.fc.weight")->bytes);
}

TEST_F(Trainer, GivesTheSameBitsFromPairsThatItReadsAhead) {
  const TrainResult resident = run(folder / "resident");
  on_disk = true;
  expect_equal(resident.weights, run(folder / "on-disk").weights);
  expect_error([&] { (void)run(folder / "stopped", 7); }, Fault::Interrupted,
               "stopped in epoch 2 after step 2");
  expect_equal(resident.weights, run(folder / "stopped").weights);
}

TEST_F(Trainer, ShowsTheWeightsBeforeTheFirstEpochAndAfterEach) {
  expect_error([&] { (void)run(folder / "state", 7); }, Fault::Interrupted,
               "stopped in epoch 2 after step 2");
  EXPECT_EQ(weights_of, (std::vector<int>{0, 1}));
  (void)run(folder / "state");
  EXPECT_EQ(weights_of, (std::vector<int>{2, 3, 4, 5, 6}));
}

TEST_F(Trainer, KeepsTheEpochThatWasBestOnValidation) {
  val = random_pairs(vectors, 30, 2, 12, 3);  // nothing to learn there: the best epoch is some early one
  options.epochs = 30;
  options.lr = 1e-2;
  std::vector<double> scores;
  const TrainResult result =
      train(ResidentPairs(pairs, vectors, plan_training(options)), val, vectors, plan_training(options),
            folder / "state",
            {[&](const EpochReport& r) {
               scores.push_back((*r.val_t2v)["R@1"] + (*r.val_t2v)["R@5"] + (*r.val_t2v)["R@10"]);
             },
             {},
             {}});
  const auto best = std::max_element(scores.begin(), scores.end());
  EXPECT_EQ(result.best_epoch, best - scores.begin() + 1);
  const JointEmbedding model(result.weights, options.max_words);
  const RetrievalMetrics metrics = summarize(text_to_video_ranks(model.embed_text(vectors, val.captions),
                                                                 model.embed_video(val.clips), val.clip_of));
  EXPECT_DOUBLE_EQ(metrics["R@1"] + metrics["R@5"] + metrics["R@10"], *best);
}

TEST_F(Trainer, RefusesAStateOfOtherDataOrOptions) {
  expect_error([&] { (void)run(folder / "state", 7); }, Fault::Interrupted,
               "stopped in epoch 2 after step 2");
  const auto refused = [&] {
    expect_error([&] { (void)run(folder / "state"); }, Fault::Mismatch, "other data or options");
  };
  const TrainOptions kept = options;
  options.margin = 0.2;
  refused();
  options = kept;
  pairs.video_of.assign(40, 0);  // other pairs with n_pair > 1
  refused();
  pairs.video_of.clear();
  pairs.clips.row(0)[0] += 1e-6F;
  refused();
}

TEST_F(Trainer, NoticesEveryDamageOfTheState) {
  expect_error([&] { (void)run(folder / "state", 7); }, Fault::Interrupted,
               "stopped in epoch 2 after step 2");
  std::ifstream in(folder / "state", std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(in)), {});
  const auto fails_with = [&](const std::string& bytes) {
    std::ofstream(folder / "damaged", std::ios::binary) << bytes;
    try {
      (void)run(folder / "damaged", 0);
    } catch (const Error& error) {
      return error.fault();
    }
    return Fault::Busy;
  };
  for (std::size_t at = 0; at < sound.size(); at += 1 + sound.size() / 97) {
    std::string flipped = sound;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    const Fault fault = fails_with(flipped);
    EXPECT_TRUE(fault == Fault::Corrupt || fault == Fault::Mismatch) << at << ' ' << name(fault);
    EXPECT_EQ(fails_with(sound.substr(0, at)), Fault::Corrupt) << at;
  }
}

TEST_F(Trainer, RefusesAStateWhoseCountersAreNoTrainingsThoughItsChecksumFits) {
  expect_error([&] { (void)run(folder / "state", 7); }, Fault::Interrupted, "stopped in epoch 2");
  std::ifstream in(folder / "state", std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(in)), {});
  const std::string magic = "tvr train state 1\n";
  std::uint64_t length = 0;
  std::memcpy(&length, sound.data() + magic.size(), sizeof length);
  const std::size_t begin = magic.size() + sizeof length;
  const std::string header = sound.substr(begin, length);
  const std::string arrays = sound.substr(begin + length, sound.size() - 8 - begin - length);
  const auto write = [&](const std::string& text) {
    const std::uint64_t count = text.size();
    std::string bytes = magic;
    bytes.append(reinterpret_cast<const char*>(&count), sizeof count).append(text + arrays);
    Checksum checksum;
    checksum.add(bytes.data(), magic.size());
    checksum.add(bytes.data() + magic.size(), sizeof count);
    checksum.add(text.data(), text.size());
    checksum.add(arrays.data(), arrays.size());
    const std::uint64_t sum = checksum.value();
    std::ofstream(folder / "crafted", std::ios::binary)
        << bytes << std::string(reinterpret_cast<const char*>(&sum), sizeof sum);
  };
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, nlohmann::json>>{{"step", -1},
                                                                     {"step", std::uint64_t{1} << 63},
                                                                     {"step", 1e300},
                                                                     {"step", "1"},
                                                                     {"epoch", 0},
                                                                     {"epoch", -3},
                                                                     {"epoch", 9},
                                                                     {"adam_step", -1},
                                                                     {"best_epoch", 1'000'000},
                                                                     {"best_epoch", -1},
                                                                     {"with_best", "yes"},
                                                                     {"reports", nlohmann::json::array()}}) {
    nlohmann::json crafted = nlohmann::json::parse(header);
    crafted[key] = value;
    write(crafted.dump());
    expect_error([&] { (void)run(folder / "crafted"); }, Fault::Corrupt, "header is damaged");
  }
  write(std::string(300'000, '['));
  expect_error([&] { (void)run(folder / "crafted"); }, Fault::Corrupt, "nested deeper");
}

TEST_F(Trainer, RefusesFewerClipsThanABatch) {
  options.batch_size = 41;
  expect_error([&] { (void)run(folder / "state"); }, Fault::Mismatch,
               "40 clips with captions do not fill one batch of 41");
}

TEST_F(Trainer, RefusesOptionsWithoutMeaning) {
  const auto refused = [&](auto change, const char* phrase) {
    TrainOptions kept = options;
    change(options);
    expect_error([&] { (void)run(folder / "state"); }, Fault::InvalidArgument, phrase);
    options = kept;
  };
  refused([](TrainOptions& o) { o.epochs = 0; }, "epochs: it is 0");
  refused([](TrainOptions& o) { o.batch_size = 1; }, "batch-size: it is 1");
  refused([](TrainOptions& o) { o.embd_dim = 0; }, "embd-dim: it is 0");
  refused([](TrainOptions& o) { o.max_words = 0; }, "max-words: it is 0");
  refused([](TrainOptions& o) { o.lr = 0; }, "lr: it is 0.0");
  refused([](TrainOptions& o) { o.lr_decay = 1.5; }, "lr-decay: it is 1.5");
  refused([](TrainOptions& o) { o.margin = -1; }, "margin: it is -1.0");
  refused([](TrainOptions& o) { o.temperature = 0; }, "temperature: it is 0.0");
  refused([](TrainOptions& o) { o.n_pair = 0; }, "n-pair: it is 0");
  refused([](TrainOptions& o) { o.hard_negative_rate = 0; }, "hard-negative-rate: it is 0.0");
  refused([](TrainOptions& o) { o.early_stop = -1; }, "early-stop: it is -1");
  refused([](TrainOptions& o) { o.lr_decay_epochs = 0; }, "lr-decay-epochs: it is 0");
}

}  // namespace
}  // namespace tvr
