#include "model/batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "data/error.h"
#include "pair_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::random_matrix;
using testing::random_pairs;

TEST(EpochBatches, TakeEveryClipAtMostOnceAndDropTheLastIncompleteBatch) {
  const Matrix vectors = random_matrix(9, 5, 1);
  const PairData pairs = random_pairs(vectors, 23, 3, 4, 2);
  const EpochBatches batches(pairs, 5, 1, 1);
  ASSERT_EQ(batches.steps(), 4);
  std::set<std::int32_t> clips, captions;
  for (int epoch = 1; epoch <= 60; ++epoch) {
    std::set<std::int32_t> of_epoch;
    for (const PairBatch& batch : batches.epoch(epoch)) {
      EXPECT_EQ(batch.size(), 5U);
      for (const std::int32_t caption : batch) {
        EXPECT_TRUE(of_epoch.insert(pairs.clip_of[static_cast<std::size_t>(caption)]).second);
        captions.insert(caption);
      }
    }
    EXPECT_EQ(of_epoch.size(), 20U);
    clips.insert(of_epoch.begin(), of_epoch.end());
  }
  EXPECT_EQ(clips.size(), 23U);     // over the epochs no clip is left out,
  EXPECT_EQ(captions.size(), 69U);  // and no caption
}

TEST(EpochBatches, DependOnSeedAndEpochAlone) {
  const Matrix vectors = random_matrix(9, 5, 1);
  const PairData pairs = random_pairs(vectors, 40, 3, 4, 2);
  EXPECT_EQ(EpochBatches(pairs, 8, 1, 1).epoch(3), EpochBatches(pairs, 8, 1, 1).epoch(3));
  EXPECT_NE(EpochBatches(pairs, 8, 1, 1).epoch(3), EpochBatches(pairs, 8, 1, 1).epoch(4));
  EXPECT_NE(EpochBatches(pairs, 8, 1, 1).epoch(3), EpochBatches(pairs, 8, 1, 2).epoch(3));
}

TEST(EpochBatches, DrawSeveralCaptionsOfAVideoSideBySide) {
  const Matrix vectors = random_matrix(9, 5, 1);
  PairData pairs = random_pairs(vectors, 12, 2, 4, 2);
  for (std::int32_t clip = 0; clip < 12; ++clip)
    pairs.video_of.push_back(clip / 3);  // 4 videos, 6 captions each
  for (const PairBatch& batch : EpochBatches(pairs, 2, 5, 1).epoch(1)) {
    ASSERT_EQ(batch.size(), 10U);
    for (std::size_t v = 0; v < 2; ++v) {
      std::set<std::int32_t> videos, captions(batch.begin() + v * 5, batch.begin() + (v + 1) * 5);
      for (const std::int32_t caption : captions)
        videos.insert(pairs.clip_of[static_cast<std::size_t>(caption)] / 3);
      EXPECT_EQ(captions.size(), 5U);
      EXPECT_EQ(videos.size(), 1U);
    }
  }
  const PairBatch many = EpochBatches(pairs, 2, 14, 1).epoch(1)[0];  // six captions must do for fourteen
  for (const std::int32_t caption : std::set<std::int32_t>(many.begin(), many.begin() + 14)) {
    EXPECT_GE(std::count(many.begin(), many.begin() + 14, caption), 2);
  }
}

TEST(EpochBatches, RefuseTooFewClipsForOneBatch) {
  const Matrix vectors = random_matrix(9, 5, 1);
  PairData pairs = random_pairs(vectors, 8, 1, 4, 2);
  EXPECT_EQ(EpochBatches(pairs, 8, 1, 1).steps(), 1);
  pairs.captions.pop_back();  // a clip without a caption is no clip to train on
  pairs.clip_of.pop_back();
  testing::expect_error([&] { const EpochBatches none(pairs, 8, 1, 1); }, Fault::Mismatch,
                        "7 clips with captions do not fill one batch of 8");
}

TEST(ValidatePairs, NamesWhatDoesNotFit) {
  const Matrix vectors = random_matrix(9, 5, 1);
  const PairData sound = random_pairs(vectors, 8, 2, 4, 2);
  validate(sound, vectors, "train");
  const auto fault_of = [&](const PairData& pairs) {
    try {
      validate(pairs, vectors, "train");
    } catch (const Error& error) {
      return error.fault();
    }
    return Fault::Busy;
  };
  PairData pairs = sound;
  pairs.clip_of[3] = 8;
  EXPECT_EQ(fault_of(pairs), Fault::InvalidArgument);
  pairs = sound;
  pairs.captions[3].push_back(9);
  EXPECT_EQ(fault_of(pairs), Fault::InvalidArgument);
  pairs = sound;
  pairs.captions.pop_back();
  EXPECT_EQ(fault_of(pairs), Fault::InvalidArgument);
  pairs = sound;
  pairs.clips.row(7)[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(fault_of(pairs), Fault::Corrupt);
}

}  // namespace
}  // namespace tvr
