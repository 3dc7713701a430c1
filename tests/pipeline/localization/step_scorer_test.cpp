#include "pipeline/localization/step_scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "data/tensors/pth.h"
#include "pipeline/encoders/run_encoder.h"
#include "pipeline/localization/frame_features.h"
#include "pipeline/localization/localization.h"
#include "tests/pipeline/localization/zero_shot_case.h"
#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using ::testing::HasSubstr;
using testing::PlantedRun;
using testing::TempFolder;

/// Rows that follow each other every `seconds`.
HalfSequence rows_of(const std::vector<float>& values, std::int64_t dim, double seconds) {
  HalfSequence rows;
  rows.dim = dim;
  for (std::size_t i = 0; static_cast<std::int64_t>(i) * dim < static_cast<std::int64_t>(values.size());
       ++i) {
    const auto at = [&](std::size_t row) {
      return Micros(static_cast<std::int64_t>(static_cast<double>(row) * seconds * 1e6));
    };
    rows.set(i, values.data() + static_cast<std::int64_t>(i) * dim, {at(i), at(i + 1)});
  }
  return rows;
}

/// The model, words and features of zero_shot_case.h as a run.
class ZeroShotRun : public ::testing::Test {
 protected:
  void SetUp() override {
    NamedTensors state;
    for (const testing::NamedValues& tensor : testing::kZeroShotState)
      state.emplace_back(tensor.name, Tensor::from_floats(tensor.shape, tensor.values.data()));
    write_pth(folder_ / "checkpoint.pth", state);
    run_.networks = {{folder_ / "checkpoint.pth", {}}};
    run_.word_vectors = testing::write_file(folder_ / "words.txt", testing::kZeroShotVectors);
    run_.store = folder_ / "features.db";
    run_.lanes = {{"2d", "{}", "imported"}, {"3d", "{}", "imported"}};
    FeatureStore store(run_.store, FeatureStore::Access::ReadWrite);
    VideoOutcome outcome;
    outcome.source = {"onions", "/videos/onions.mp4"};
    outcome.fingerprint = {100, 7, sha256("onions")};
    outcome.lanes = {{store.add_recipe(run_.lanes[0]), rows_of(testing::kZeroShot2d, 3, 1)},
                     {store.add_recipe(run_.lanes[1]), rows_of(testing::kZeroShot3d, 2, 16.0 / 24)}};
    store.write(outcome);
  }
  TempFolder folder_;
  RunManifest run_;
};

std::vector<std::int32_t> frames_of(const std::vector<StepPlace>& steps) {
  std::vector<std::int32_t> frames;
  for (const StepPlace& step : steps) frames.push_back(step.frame);
  return frames;
}

TEST_F(ZeroShotRun, GivesTheScoresAndFramesOfTheReference) {
  const FeatureStore store(run_.store);
  const auto encoders = open_run(run_);
  StepScorer scorer(store, *encoders);
  const auto scored = scorer.scores("onions", scorer.embed(testing::kZeroShotSteps));
  ASSERT_TRUE(scored);
  ASSERT_EQ(scored->scores.rows(), 9);
  for (std::size_t i = 0; i < testing::kZeroShotSimilarity.size(); ++i)
    EXPECT_NEAR(scored->scores.data()[i], testing::kZeroShotSimilarity[i], 1e-6) << i;
  EXPECT_EQ(scored->times[5].start, std::chrono::seconds(5));
  EXPECT_EQ(frames_of(place_steps(scored->scores, {})), testing::kZeroShotPlaced);
  EXPECT_EQ(frames_of(place_steps(scored->scores, {StepScores::LogSoftmax, StepOrder::Steps})),
            testing::kZeroShotPlacedByLogSoftmax);
}

TEST_F(ZeroShotRun, HasTheFramesOfTheReference) {
  const FeatureStore store(run_.store);
  std::vector<FeatureSequence> lanes;
  for (const RecipeRow& lane : open_run(run_)->lanes_in(store))
    lanes.push_back(*store.read("onions", lane.id));
  const Matrix frames = frame_features(lanes, Pooling::Max, 9, 0, 9);
  ASSERT_EQ(frames.cols(), 5);
  for (std::size_t i = 0; i < testing::kZeroShotFrames.size(); ++i)
    EXPECT_NEAR(frames.data()[i], testing::kZeroShotFrames[i], 1e-6) << i;
}

class StepScorerTest : public ::testing::Test {
 protected:
  TempFolder folder_;
  PlantedRun run_{folder_ / "planted"};
};

TEST_F(StepScorerTest, FindsTheSecondsThatShowTheSteps) {
  run_.add_video("a", {2, 0, 0, 4, 1, -1});
  const FeatureStore store(run_.store());
  const auto encoders = open_run(run_.manifest());
  StepScorer scorer(store, *encoders);
  const auto scored = scorer.scores("a", scorer.embed({"red", "runs", "green"}));
  ASSERT_TRUE(scored);
  EXPECT_EQ(frames_of(place_steps(scored->scores, {})), (std::vector<std::int32_t>{1, 3, 4}));
  EXPECT_EQ(frames_of(place_steps(scored->scores, {StepScores::Similarity, StepOrder::Free})),
            (std::vector<std::int32_t>{1, 3, 4}));
}

TEST_F(StepScorerTest, TellsWhatItDoesNotKnow) {
  run_.add_video("a", {0});
  const FeatureStore store(run_.store());
  const auto encoders = open_run(run_.manifest());
  StepScorer scorer(store, *encoders);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(scorer.embed({"red zebra", "zebra"}).rows(), 2);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("does not know these words of the steps: zebra"));
  EXPECT_THAT(said, HasSubstr("the step 'zebra' has no known word"));
  expect_error([&] { (void)scorer.embed({"zebra"}); }, Fault::Mismatch, "knows no word of the steps");
}

TEST_F(StepScorerTest, HasNoScoresOfVideosWithoutSoundFeatures) {
  run_.add_video("a", {0});
  run_.add_rows("strange", {{Micros(-5), Micros(0)}});
  const FeatureStore store(run_.store());
  const auto encoders = open_run(run_.manifest());
  StepScorer scorer(store, *encoders);
  const Matrix steps = scorer.embed({"red"});
  EXPECT_FALSE(scorer.scores("none", steps));
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(scorer.scores("strange", steps));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("impossible times"));
}

}  // namespace
}  // namespace tvr
