// `pipeline train --narrations`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/fingerprint.h"
#include "data/json_text.h"
#include "data/tensors/pth.h"
#include "model/parameters.h"
#include "pipeline/commands/command.h"
#include "pipeline/run/run_folder.h"
#include "pipeline/run/run_manifest.h"
#include "tests/support/expect_error.h"
#include "tests/support/narrated_folder.h"
#include "tests/support/run_command.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::NarratedFolder;

/// Runs `pipeline ARGUMENTS`, returns what it prints on standard output.
std::string run(const std::vector<std::string>& arguments) {
  return testing::run_command({add_train_command, add_eval_command}, arguments);
}

std::vector<std::string> training(const NarratedFolder& folder, const std::string& out,
                                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"train", "--json"};
  const std::vector<std::pair<std::string, std::string>> defaults = {
      {"--narrations", (folder / "narrations.db").string()},
      {"--store", (folder / "features.db").string()},
      {"--out", (folder / out).string()},
      {"--batch-size", "8"},
      {"--n-pair", "2"},
      {"--embd-dim", "32"},
      {"--lr", "0.002"},
      {"--epochs", "30"}};
  for (const auto& [flag, value] : defaults) {
    if (std::find(more.begin(), more.end(), flag) == more.end())
      arguments.insert(arguments.end(), {flag, value});
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

double recall_of(const std::string& metrics) {
  return json::parse(metrics)["test"]["t2v"]["R@5"].get<double>();
}

TEST(NarratedTraining, LearnsFromNarrationsWhatItIsTestedOn) {
  const NarratedFolder folder, dealt(true);
  const auto tested = [](const NarratedFolder& of) {
    return recall_of(run(training(of, "run", {"--captions", (of / "clips.csv").string()})));
  };
  EXPECT_GT(tested(folder), 90);  // at random, 5 of 24: 21 %
  EXPECT_LT(tested(dealt), 50);   // narrations of other videos
}

TEST(NarratedTraining, WithoutCaptionsLeavesARunThatIsEvaluatedOnOthers) {
  const NarratedFolder folder;
  EXPECT_EQ(run(training(folder, "run")), "");
  const RunManifest manifest = read_manifest(folder / "run");
  EXPECT_EQ(manifest.store, folder / "features.db");
  expect_error(
      [&] {
        (void)run({"eval", "--run", (folder / "run").string()});
      },
      Fault::InvalidArgument, "captions: none are given");
  const std::string metrics = run(
      {"eval", "--json", "--run", (folder / "run").string(), "--captions", (folder / "clips.csv").string()});
  EXPECT_GT(recall_of(metrics), 90);
}

TEST(NarratedTraining, EvaluatesFurtherSetsBeforeTheFirstEpochAndAfterEach) {
  const NarratedFolder folder;
  const std::string set = "parts=" + (folder / "clips.csv").string();
  (void)run(training(folder, "run",
                     {"--eval", set, "--eval",
                      "again=" + (folder / "clips.csv").string() + "@" + (folder / "features.db").string()}));
  const std::vector<json> lines = json_lines(read_text(folder / "run" / "history.jsonl"));
  ASSERT_EQ(lines.size(), 31U);
  EXPECT_EQ(lines.front()["epoch"], 0);
  EXPECT_FALSE(lines.front().contains("loss"));
  EXPECT_LT(lines.front()["sets"]["parts"]["t2v"]["R@5"].get<double>(), 60);
  EXPECT_GT(lines.back()["sets"]["parts"]["t2v"]["R@5"].get<double>(), 90);
  EXPECT_EQ(lines.back()["sets"]["parts"], lines.back()["sets"]["again"]);
  // The report has their curves where the run has a test split of its own.
  (void)run(training(folder, "tested", {"--eval", set, "--captions", (folder / "clips.csv").string()}));
  EXPECT_THAT(read_text(folder / "tested" / "report.html"), HasSubstr("Further data sets"));
}

TEST(NarratedTraining, KeepsTheWeightsOfEachEpochWhichAreEvaluatedInOneTable) {
  const NarratedFolder folder;
  (void)run(training(folder, "run", {"--keep-epochs", "--epochs", "11"}));
  const std::string set =
      "parts=" + (folder / "clips.csv").string() + "@" + (folder / "features.db").string();
  const std::string pattern = (folder / "run" / "epochs" / "e*.pth").string();
  const json rows = json::parse(run({"eval", "--checkpoint", pattern, "--eval", set, "--json"}));
  ASSERT_EQ(rows.size(), 11U);
  EXPECT_THAT(rows[1]["checkpoint"].get<std::string>(), HasSubstr("e2.pth"));
  EXPECT_THAT(rows[10]["checkpoint"].get<std::string>(), HasSubstr("e11.pth"));
  const json alone = json::parse(run(
      {"eval", "--json", "--run", (folder / "run").string(), "--captions", (folder / "clips.csv").string()}));
  EXPECT_EQ(rows[10]["sets"]["parts"]["t2v"]["R@5"], alone["test"]["t2v"]["R@5"]);
  EXPECT_THAT(run({"eval", "--checkpoint", pattern, "--eval", set}), HasSubstr("e11.pth"));
}

TEST(NarratedTraining, FineTuningStartsFromAnotherRunsWeightsSizeAndWords) {
  const NarratedFolder folder;
  (void)run(training(folder, "run"));
  const std::vector<std::string> tune = {"train",
                                         "--init",
                                         (folder / "run" / "checkpoint.pth").string(),
                                         "--store",
                                         (folder / "features.db").string(),
                                         "--captions",
                                         (folder / "tune.csv").string(),
                                         "--out",
                                         (folder / "tuned").string(),
                                         "--training-preset",
                                         "finetune",
                                         "--epochs",
                                         "1",
                                         "--batch-size",
                                         "2",
                                         "--lr",
                                         "1e-12"};
  write_text(folder / "tune.csv",
             "video,caption,start,end,split\nnarrated 1,the boat,0,6,train\nnarrated 2,a drum,0,6,train\n");
  (void)run(tune);
  const RunManifest manifest = read_manifest(folder / "tuned");
  EXPECT_EQ(manifest.word_vectors, folder / "run" / "words.bin");
  const Parameters before = parameters_of(read_pth(folder / "run" / "checkpoint.pth"));
  const Parameters after = parameters_of(read_pth(folder / "tuned" / "checkpoint.pth"));
  ASSERT_EQ(after[kVideoFc].weight.rows(), 32);
  EXPECT_NEAR(after[kVideoFc].weight.data()[5], before[kVideoFc].weight.data()[5], 1e-6F);
  std::filesystem::remove(folder / "run" / "run.json");
  expect_error([&] { (void)run(tune); }, Fault::InvalidArgument, "word vectors that");
}

TEST(NarratedTraining, WithMilNceLearnsToo) {
  const NarratedFolder folder;
  const std::string metrics = run(
      training(folder, "run",
               {"--loss", "mil-nce", "--candidates", "2", "--captions", (folder / "clips.csv").string()}));
  EXPECT_GT(recall_of(metrics), 80);
}

TEST(NarratedTraining, SaysWhichFlagsDoNotGoTogether) {
  const NarratedFolder folder;
  const auto refused = [&](const std::vector<std::string>& more, const char* phrase) {
    expect_error([&] { (void)run(training(folder, "refused", more)); }, Fault::InvalidArgument, phrase);
  };
  refused({"--linear-weight", "0.5"}, "no linear model is fitted to narrations");
  refused({"--kernel-weight", "0.5"}, "no kernel model is fitted to narrations");
  refused({"--standardize"}, "narrated clips are not read before training");
  refused({"--candidates", "3"}, "one caption per clip");
  refused({"--features-2d", folder.folder.path().string()}, "there is a store too");
  refused({"--eval", "clips.csv"}, "has no name");
  refused({"--eval", "a=" + (folder / "missing.csv").string()}, "does not exist");
  expect_error(
      [&] {
        (void)run({"train", "--store", (folder / "features.db").string(), "--captions",
                   (folder / "clips.csv").string(), "--loss", "mil-nce", "--out",
                   (folder / "refused").string()});
      },
      Fault::Mismatch, "no training captions");
}

}  // namespace
}  // namespace tvr
