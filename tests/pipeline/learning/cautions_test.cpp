#include "pipeline/learning/cautions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tvr {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TrainOptions options(int batch_size, int epochs, int n_pair = 1) {
  TrainOptions options;
  options.batch_size = batch_size;
  options.epochs = epochs;
  options.n_pair = n_pair;
  return options;
}

/// A clip of its own for each caption, unless `clip_of` says otherwise.
Pairs pairs(const std::vector<std::string>& captions, std::vector<std::int32_t> clip_of = {}) {
  Pairs pairs;
  pairs.captions = captions;
  for (std::size_t i = clip_of.size(); i < captions.size(); ++i) {
    clip_of.push_back(static_cast<std::int32_t>(i));
  }
  pairs.clips.resize(static_cast<std::size_t>(clip_of.empty() ? 0 : clip_of.back() + 1));
  pairs.pairs.clip_of = std::move(clip_of);
  return pairs;
}

std::vector<std::string> numbered(const std::string& what, int count) {
  std::vector<std::string> captions;
  for (int i = 0; i < count; ++i) captions.push_back(what + " " + std::to_string(i));
  return captions;
}

TEST(TooFewSteps, SaysTheNumbersAndWhatToSet) {
  PairData train;
  train.clips = Matrix(238, 1);
  EXPECT_EQ(too_few_steps(train, options(128, 100)),
            "238 training clips in batches of 128 over 100 epochs are 100 training steps, too few to learn "
            "much: set --batch-size 47 or --epochs 500");
  EXPECT_EQ(too_few_steps(train, options(47, 100)), "") << "the advice is enough";
  EXPECT_EQ(too_few_steps(train, options(128, 500)), "");
  EXPECT_EQ(too_few_steps(train, options(32, 100)), "");
}

TEST(TooFewSteps, AdvisesNoBatchTooSmallToLearnFrom) {
  PairData train;
  train.clips = Matrix(24, 1);
  EXPECT_THAT(too_few_steps(train, options(8, 10)), AllOf(HasSubstr("--epochs 167"), Not(HasSubstr("size"))));
}

TEST(TooFewSteps, CountsVideosWhereABatchIsOfVideos) {
  PairData train;
  train.clips = Matrix(256, 1);
  for (std::int32_t clip = 0; clip < 256; ++clip) train.video_of.push_back(clip / 2);
  EXPECT_THAT(too_few_steps(train, options(128, 150, 2)), HasSubstr("128 training videos"));
  EXPECT_EQ(too_few_steps(train, options(128, 150)), "") << "two batches of clips per epoch";
}

TEST(MostlyUnknown, IsSaidAboveHalfOfTheWords) {
  TextCoverage coverage;
  coverage.words = 200;
  coverage.unknown_words = 100;
  EXPECT_EQ(mostly_unknown(coverage, "test"), "");
  coverage.unknown_words = 140;
  EXPECT_THAT(mostly_unknown(coverage, "test"),
              AllOf(HasSubstr("70 % of the words in the test captions"), HasSubstr("--word-vectors")));
  EXPECT_EQ(mostly_unknown({}, "test"), "");
}

TEST(CaptionsOfSeveralClips, SaysWhichRecallIsOutOfReach) {
  std::vector<std::string> captions = numbered("a dog", 6);
  for (int i = 0; i < 4; ++i) captions.emplace_back("a dog, running");
  const std::string caution = captions_of_several_clips(pairs(captions));
  EXPECT_THAT(caution, HasSubstr("of 10 test captions of 10 clips 7 are different"));
  EXPECT_THAT(caution, HasSubstr("cannot exceed 70.0 %"));
  captions[7] = captions[8] = "a dog running";
  EXPECT_EQ(captions_of_several_clips(pairs(captions)), caution) << "the model sees no commas";
}

TEST(CaptionsOfSeveralClips, AcceptsACaptionThatIsRepeatedForItsClipAndFewShared) {
  EXPECT_EQ(captions_of_several_clips(pairs({"a dog", "a dog", "a cat"}, {0, 0, 1})), "");
  std::vector<std::string> captions = numbered("a dog", 20);
  captions[1] = captions[0];
  EXPECT_EQ(captions_of_several_clips(pairs(captions)), "");
  EXPECT_EQ(captions_of_several_clips({}), "");
}

TEST(CaptionsKnownFromTraining, IsSaidOfMostOfThemAlone) {
  const Pairs train = pairs(numbered("a dog", 10));
  std::vector<std::string> test = numbered("a dog", 5);
  for (const std::string& caption : numbered("a cat", 5)) test.push_back(caption);
  EXPECT_EQ(captions_known_from_training(train, pairs(test)), "");
  test.back() = "a dog 9.";
  EXPECT_THAT(captions_known_from_training(train, pairs(test)),
              HasSubstr("6 of 10 test captions are training captions"));
  EXPECT_EQ(captions_known_from_training(train, {}), "");
}

TEST(NoBetterThanChance, IsSaidOfAMeanRankNearThatOfChance) {
  RetrievalMetrics metrics;
  metrics["MeanR"] = 45;
  EXPECT_EQ(no_better_than_chance("test", metrics, 100), "");
  metrics["MeanR"] = 46;
  EXPECT_THAT(no_better_than_chance("test", metrics, 100),
              AllOf(HasSubstr("46.0 of 100, 50.5 by chance"), HasSubstr("--lr")));
  EXPECT_EQ(no_better_than_chance("test", metrics, 1), "") << "nothing can be learned of one clip";
}

TEST(NotBetterThanZeroShot, IsSaidOfHeadsThatOnAverageFindLessThanThePairBelowThem) {
  std::vector<Evaluation> seeds(2);
  seeds[0].t2v["R@1"] = 30;
  seeds[1].t2v["R@1"] = 20;
  RetrievalMetrics zero_shot;
  zero_shot["R@1"] = 25;
  EXPECT_THAT(not_better_than_zero_shot(seeds, zero_shot), HasSubstr("R@1 25.0"));
  zero_shot["R@1"] = 24;
  EXPECT_EQ(not_better_than_zero_shot(seeds, zero_shot), "");
}

TEST(GiveCaution, WarnsAndKeepsTheSentence) {
  std::vector<std::string> findings;
  ::testing::internal::CaptureStderr();
  give_caution("", findings);
  give_caution("beware", findings);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("beware"));
  EXPECT_THAT(findings, ElementsAre("beware"));
}

TEST(ClipsKnownFromTraining, CountsClipsOfTheSameVideosHoweverTheirNamesAreComposed) {
  const TimeSpan second{Micros(0), Micros(1'000'000)};
  const std::string composed = "caf\xc3\xa9", decomposed = "cafe\xcc\x81";
  const std::vector<ClipRef> test = {
      {"a", std::nullopt}, {"b", second}, {"b", std::nullopt}, {decomposed, second}, {"bb", second}};
  EXPECT_EQ(clips_known_from_training("", test, "this run"), "");
  EXPECT_EQ(clips_known_from_training("x\nbbb\n", test, "this run"), "");
  EXPECT_THAT(clips_known_from_training("b\n" + composed + "\n", test, "this run"),
              HasSubstr("3 of the 5 test clips were training clips of this run"));
  EXPECT_THAT(clips_known_from_training("a", test, "runs/x"),
              HasSubstr("1 of the 5 test clips were training clips of runs/x"));
}

}  // namespace
}  // namespace tvr
