#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/run/run_manifest.h"
#include "tests/pipeline/commands/learning_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::LearningFolder;
using ::testing::Not;

TEST(TrainCommand, WritesMetricsWithIntervalsAndWhatTheWordsDoNotCover) {
  const LearningFolder folder;
  const json printed = json::parse(folder.train("run"));
  EXPECT_EQ(printed, json::parse(read_text(folder / "run/metrics.json")));
  const json& t2v = printed["test"]["t2v"];
  EXPECT_EQ(t2v["queries"], 40);
  EXPECT_EQ(printed["test"]["v2t"]["queries"], 20);
  for (const char* metric : {"R@1", "R@5", "R@10", "MedR", "MeanR"}) {
    EXPECT_LE(t2v["interval_95"][metric][0], t2v[metric]) << metric;
    EXPECT_GE(t2v["interval_95"][metric][1], t2v[metric]) << metric;
  }
  EXPECT_EQ(printed["selected_on"], "last epoch");
  EXPECT_EQ(printed["ties"], "average");
  EXPECT_EQ(printed["text"]["train"]["words_without_vector"], 0) << "fastText knows subwords";
  EXPECT_EQ(printed["text"]["test"]["captions"], 40);
  EXPECT_TRUE(std::filesystem::exists(folder / "run/events.out.tfevents.pipeline"));
}

TEST(TrainCommand, CountsAndNamesWordsWithoutAVector) {
  const LearningFolder folder;
  write_text(folder / "words.vec", "cat 1 0\nboat 0 1\ndrum 1 1\ntree 2 1\nlamp 1 2\na 3 1\n");
  const json text =
      json::parse(folder.train("run", {"--word-vectors", (folder / "words.vec").string()}))["text"];
  EXPECT_EQ(text["train"]["commonest_without_vector"][0], json({"some", 40}));
  EXPECT_GT(text["train"]["words_without_vector"], 40);
}

TEST(TrainCommand, IsRefusedWhereASplitLosesAllItsClips) {
  const LearningFolder folder;
  {
    FeatureStore store(folder / "features.db", FeatureStore::Access::ReadWrite);
    for (const char* const id : {"dark", "night"}) {
      VideoOutcome failed;
      failed.source = {id, std::string("/videos/") + id};
      failed.fingerprint = {1, 1, sha256(id)};
      failed.status = Status::NoVideo;
      failed.lanes = {{store.add_recipe({"2d", "{}", "random:seed=1"}), {}}};
      store.write(failed);
    }
  }
  std::string csv = read_text(folder / "captions.csv");
  for (std::size_t at = csv.find(",test"); at != std::string::npos; at = csv.find(",test", at))
    csv.replace(at, 5, ",train");
  for (const auto& [split, name] :
       {std::pair{"test", "test"}, std::pair{"val", "validation"}, std::pair{"train", "training"}}) {
    const bool only = split == std::string("train");
    write_text(folder / "dark.csv", (only ? "video,caption,split\n" : csv) + "dark,nothing to see," + split +
                                        "\nnight,nothing to see," + split + "\n");
    expect_error(
        [&] {
          (void)folder.train("run", {"--captions", (folder / "dark.csv").string(), "--batch-size", "2"});
        },
        Fault::NotFound, std::string("all 2 ") + name + " clips are left out");
    EXPECT_FALSE(std::filesystem::exists(folder / "run/checkpoint.pth"));
  }
}

TEST(TrainCommand, SaysOnValidationTooThatNothingWasLearned) {
  const LearningFolder folder;
  std::string csv = "video,caption,split\n";
  for (int v = 0; v < LearningFolder::kVideos; ++v) {
    csv += "clip " + std::to_string(v) + ",always the same words," + (v % 3 == 0 ? "val\n" : "train\n");
  }
  write_text(folder / "same.csv", csv);
  ::testing::internal::CaptureStderr();
  (void)folder.train("run", {"--captions", (folder / "same.csv").string(), "--epochs", "1"});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("the mean rank of a validation caption's clip is 10.5 of 20"));
}

TEST(TrainCommand, CountsByReasonWhatIsLeftOut) {
  const LearningFolder folder;
  std::string csv = "video,caption,start,end,split\n";
  for (int v = 0; v < LearningFolder::kVideos; ++v) {
    csv += "clip " + std::to_string(v) + ",a cat and a dog,,," + (v % 3 == 0 ? "test\n" : "train\n");
  }
  csv += "clip 1,a cat,4000,4001,train\nclip 4,a cat,5000,5001,train\nclip 3,a dog,1,1,test\n";
  for (int i = 0; i < 30; ++i) csv += i == 0 ? "clip 2,a cat" : " and a cat";
  write_text(folder / "spans.csv", csv + ",,,train\n");
  const json printed = json::parse(folder.train("run", {"--captions", (folder / "spans.csv").string()}));
  EXPECT_EQ(printed["left_out"], json({{"clips_beyond_the_end", 2}, {"captions_of_empty_clips", 1}}));
  EXPECT_EQ(printed["text"]["train"]["captions_cut"], 1);
}

TEST(TrainCommand, CountsClipsThatEndAfterTheirVideoAndSaysSoOnce) {
  const LearningFolder folder;
  std::string csv = "video,caption,start,end,split\n";
  for (int v = 0; v < LearningFolder::kVideos; ++v) {
    csv += "clip " + std::to_string(v) + ",a cat and a dog,,," + (v % 3 == 0 ? "test\n" : "train\n");
  }
  // The rows of a video end at 0.003 s.
  csv += "clip 1,a cat,0,0.003,train\nclip 2,a cat,0,0.006,train\nclip 3,a cat,0.002,9999,test\n";
  write_text(folder / "spans.csv", csv);
  ::testing::internal::CaptureStderr();
  const json printed = json::parse(folder.train("run", {"--captions", (folder / "spans.csv").string()}));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(printed["left_out"], json({{"clips_cut_at_the_end", 2}}));
  const std::string sentence =
      "2 clips end after their video, up to whose end they are used, for example of clip 2";
  EXPECT_THAT(said, HasSubstr(sentence));
  EXPECT_EQ(said.find(sentence), said.rfind(sentence));
}

TEST(TrainCommand, OfSeveralSeedsTellsMeanAndDeviationAndGoesOnWithMore) {
  const LearningFolder folder;
  const json one = json::parse(folder.train("run"));
  const json three = json::parse(folder.train("run", {"--seeds", "3"}));
  ASSERT_EQ(three["seeds"].size(), 3u);
  EXPECT_EQ(three["seeds"][0]["t2v"], one["test"]["t2v"]) << "the first seed is the run's own";
  double mean = 0, squares = 0;
  for (const json& seed : three["seeds"]) mean += seed["t2v"]["MeanR"].get<double>() / 3;
  for (const json& seed : three["seeds"]) squares += std::pow(seed["t2v"]["MeanR"].get<double>() - mean, 2);
  EXPECT_NEAR(three["test"]["t2v"]["MeanR"].get<double>(), mean, 1e-9);
  EXPECT_NEAR(three["test"]["t2v"]["deviation"]["MeanR"].get<double>(), std::sqrt(squares / 2), 1e-9);
  EXPECT_TRUE(std::filesystem::exists(folder / "run/seed-3/checkpoint.pth"));
  EXPECT_NE(read_text(folder / "run/seed-2/checkpoint.pth"), read_text(folder / "run/checkpoint.pth"));
}

TEST(TrainCommand, StampsAChoiceOnTheTestSplit) {
  const LearningFolder folder;
  ::testing::internal::CaptureStderr();
  const std::string printed = folder.train("run", {"--select-on-test"});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("--select-on-test"));
  EXPECT_EQ(json::parse(printed)["selected_on"], "test");
  const LearningFolder with_validation(true);
  EXPECT_EQ(json::parse(with_validation.train("run"))["selected_on"], "validation");
  expect_error([&] { (void)with_validation.train("both", {"--select-on-test"}); }, Fault::InvalidArgument,
               "validation split too");
}

TEST(TrainCommand, SaysWhenTheFiguresAreNoBetterThanChance) {
  const LearningFolder folder;
  const auto said = [&](const std::string& out, const std::string& rate) {
    ::testing::internal::CaptureStderr();
    (void)folder.train(out, {"--lr", rate, "--epochs", "40", "--whiten-words", "false"});
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(said("well", "0.001"), Not(HasSubstr("by chance")));
  EXPECT_THAT(said("collapsed", "10"), HasSubstr("by chance: hardly anything was learned"));
  EXPECT_THAT(said("collapsed", "10"), HasSubstr("by chance")) << "again when nothing is to be trained";
  EXPECT_THAT(read_text(folder / "collapsed/report.html"), HasSubstr("hardly anything was learned"));
}

TEST(TrainCommand, CautionsOnceAboutDataThatCannotGiveGoodFigures) {
  const LearningFolder folder;  // 16 kinds of videos, so that captions are repeated within and across splits
  ::testing::internal::CaptureStderr();
  (void)folder.train("run", {"--seeds", "2"});
  const std::string said = ::testing::internal::GetCapturedStderr();
  const std::string report = read_text(folder / "run/report.html");
  for (const std::string caution :
       {"40 training clips in batches of 10 over 6 epochs are 24 training steps",
        "different test clips have the same caption", "40 of 40 test captions are training captions"}) {
    const std::size_t at = said.find(caution);
    ASSERT_NE(at, std::string::npos) << caution << " in " << said;
    EXPECT_EQ(said.find(caution, at + 1), std::string::npos) << "said once";
    EXPECT_THAT(report, HasSubstr(caution));
  }
  EXPECT_THAT(said, Not(HasSubstr("word vectors lack")));
  write_text(folder / "words.vec", "cat 1 0\nboat 0 1\n");
  ::testing::internal::CaptureStderr();
  (void)folder.train("lacking", {"--word-vectors", (folder / "words.vec").string()});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("% of the words in the train captions"));
}

TEST(TrainCommand, StopsEarlyOnAValidationOnly) {
  const LearningFolder folder, with_validation(true);
  expect_error([&] { (void)folder.train("run", {"--early-stop", "2"}); }, Fault::InvalidArgument, "--val");
  (void)with_validation.train("run", {"--early-stop", "1", "--epochs", "60"});
  const std::string history = read_text(with_validation / "run/history.jsonl");
  EXPECT_LT(std::count(history.begin(), history.end(), '\n'), 60);
  EXPECT_THAT(history, HasSubstr("\"val\""));
}

TEST(TrainCommand, KeepsTheTrainingPresetInItsConfigAndLetsFlagsOverrideIt) {
  const LearningFolder folder;
  (void)folder.train("run", {"--training-preset", "best", "--epochs", "2", "--n-pair", "1"});
  const std::string config = read_text(folder / "run/config.toml");
  EXPECT_THAT(config, HasSubstr("training-preset=\"best\""));
  EXPECT_THAT(config, HasSubstr("loss=\"nce\""));
  EXPECT_THAT(config, HasSubstr("pooling=\"max+mean\""));
  EXPECT_THAT(config, HasSubstr("n-pair=1"));
  EXPECT_THAT(config, HasSubstr("lr=0.01")) << "given by the fixture, not the preset's";
}

TEST(TrainCommand, ComparesWithALinearModelAndSaysWhereItIsNotBeaten) {
  const LearningFolder folder;
  ::testing::internal::CaptureStderr();
  const json weak = json::parse(folder.train("weak", {"--epochs", "1", "--lr", "0.0001"}));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("does not beat a linear model"));
  EXPECT_GT(weak["linear"]["t2v"]["R@10"], 90) << "each thing has a column of its own";
  EXPECT_THAT(read_text(folder / "weak/report.html"), HasSubstr("linear model, text to video"));
  ::testing::internal::CaptureStderr();
  const json again = json::parse(folder.train("weak", {"--epochs", "1", "--lr", "0.0001"}));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("linear: the model is up to date"));
  EXPECT_EQ(again, weak);
}

TEST(TrainCommand, LowersTheBatchWhereFewClipsGiveFewSteps) {
  const LearningFolder folder;
  ::testing::internal::CaptureStderr();
  (void)folder.train("run", {"--batch-size", "128", "--min-steps", "4"});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("batches of 10 clips rather than 128"));
  expect_error(
      [&] {
        (void)folder.train("run", {"--batch-size", "128"});
      },
      Fault::Mismatch, "40 training clips do not fill one batch of 128");
}

TEST(TrainCommand, LowersTheBatchToTheVideosWhereABatchTakesEachOnce) {
  const LearningFolder folder;
  std::string csv = "video,caption,start,end,split\n";
  for (int video = 0; video < 6; ++video) {
    for (int end = 1; end <= 20; ++end)  // many clips of few videos
      csv += fmt::format("clip {},a thing and {} more,0,0.{:02},{}\n", video, end, end,
                         video == 0 ? "test" : "train");
  }
  write_text(folder / "spans.csv", csv);
  ::testing::internal::CaptureStderr();
  (void)folder.train("run", {"--captions", (folder / "spans.csv").string(), "--n-pair", "2", "--batch-size",
                             "128", "--min-steps", "2", "--loss", "nce"});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("batches of 2 videos rather than 128, so that 5 videos give 2 steps"));
}

TEST(TrainCommand, StartsFromTheWeightsOfACheckpoint) {
  const LearningFolder folder;
  const std::vector<std::string> first = {"--epochs", "40", "--standardize", "--lr", "0.001"};
  const json trained = json::parse(folder.train("first", first));
  const auto again = [&](const std::string& out, const std::string& lr, std::vector<std::string> more) {
    more.insert(more.end(), {"--init", (folder / "first/checkpoint.pth").string(), "--word-vectors",
                             (folder / "first/words.bin").string(), "--epochs", "1", "--lr", lr});
    return json::parse(folder.train(out, more));
  };
  // At a rate at which nothing moves it is the same model, on raw and on standardised features.
  EXPECT_EQ(again("raw", "1e-30", {})["test"], trained["test"]);
  EXPECT_EQ(again("standardised", "1e-30", {"--standardize"})["test"], trained["test"]);
  EXPECT_NE(json::parse(folder.train("fresh", {"--epochs", "1", "--lr", "1e-30"}))["test"], trained["test"]);
  const std::string unmoved = read_text(folder / "raw/checkpoint.pth");
  (void)again("raw", "0.1", {});
  EXPECT_NE(read_text(folder / "raw/checkpoint.pth"), unmoved) << "trained anew at another rate";
  expect_error(
      [&] {
        (void)again("wide", "0.1", {"--embd-dim", "32"});
      },
      Fault::Mismatch, "they are for embeddings of 16 values, this training has 32");
}

TEST(TrainCommand, RecordsWhatIsNeededToUseTheModelAndNothingAboutTheUser) {
  const LearningFolder folder;
  (void)folder.train("run", {"--pooling", "max+mean", "--loss", "nce", "--seed", "4"});
  const RunManifest run = read_manifest(folder / "run");
  ASSERT_EQ(run.lanes.size(), 1U);
  EXPECT_EQ(run.lanes[0].weights, "random:seed=1");
  EXPECT_EQ(run.store, folder / "features.db");
  EXPECT_EQ(run.networks.front().content, sha256_file(folder / "run/checkpoint.pth"));
  EXPECT_EQ(run.word_vectors, folder / "run/words.bin");
  EXPECT_EQ(run.pooling, Pooling::MaxMean);
  EXPECT_EQ(run.data.dataset.format, "captions");
  EXPECT_EQ(run.data.dataset.annotations, folder / "captions.csv");
  EXPECT_EQ(run.seed, 4U);
  EXPECT_EQ(run.training.at("loss"), "nce");
  EXPECT_EQ(run.training.at("epochs"), "6");
  EXPECT_EQ(run.training.at("margin"), "0.1") << "a default";
  EXPECT_EQ(run.training.at("cosine"), "false") << "a flag that was not given";
  std::vector<std::string> told;
  for (const auto& [name, value] : run.made) told.push_back(name);
  EXPECT_EQ(told, (std::vector<std::string>{"commit", "cores", "processor", "program", "system", "when"}));
  const json text = json::parse(read_text(folder / "run/run.json"));
  EXPECT_EQ(text["networks"][0]["file"], "checkpoint.pth") << "so that the folder can be moved";
  EXPECT_EQ(text["word_vectors"], "words.bin");
}

TEST(TrainCommand, EveryFlagOfTheLossChangesTheResult) {
  const LearningFolder folder;
  const auto checkpoint = [&](const std::string& out, const std::vector<std::string>& flags) {
    (void)folder.train(out, flags);
    return read_text(folder / (out + "/checkpoint.pth"));
  };
  const std::vector<std::vector<std::string>> variants = {
      {},
      {"--loss", "nce"},
      {"--loss", "nce", "--temperature", "0.2"},
      {"--margin", "0.2"},
      {"--n-pair", "2"},
      {"--n-pair", "2", "--negative-weighting"},
      {"--n-pair", "2", "--negative-weighting", "--hard-negative-rate", "0.3"},
      {"--lr-decay", "0.5"},
      {"--lr-decay", "0.5", "--lr-decay-epochs", "2"},
      {"--cosine"},
      {"--pooling", "max+mean"},
      {"--standardize"},
      {"--max-words", "2"},
      {"--seed", "5"}};
  std::vector<std::string> seen;
  for (const auto& flags : variants) {
    // One folder for all: a run with other options must not be taken for a fresh one.
    const std::string bytes = checkpoint("run", flags);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), bytes), 0) << (flags.empty() ? "" : flags.back());
    seen.push_back(bytes);
  }
}

}  // namespace
}  // namespace tvr
