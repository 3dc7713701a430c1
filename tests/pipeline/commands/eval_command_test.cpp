#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/csv.h"
#include "tests/pipeline/commands/learning_fixture.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::LearningFolder;
using ::testing::Not;

TEST(EvalCommand, OfARunNeedsNoOtherFlag) {
  const LearningFolder folder;
  const json trained = json::parse(
      folder.train("run", {"--pooling", "max+mean", "--max-words", "3", "--lanes", "2d", "--loss", "nce"}));
  const json evaluated = json::parse(folder.run({"eval", "--run", (folder / "run").string(), "--json"}));
  EXPECT_EQ(evaluated["test"], trained["test"]);
}

TEST(EvalCommand, OfACheckpointTakesFlagsInstead) {
  const LearningFolder folder;
  const json trained = json::parse(folder.train("run"));
  const json evaluated = json::parse(
      folder.run({"eval", "--checkpoint", (folder / "run/checkpoint.pth").string(), "--store",
                  (folder / "features.db").string(), "--captions", (folder / "captions.csv").string(),
                  "--word-vectors", (folder / "run/words.bin").string(), "--json"}));
  EXPECT_EQ(evaluated["test"], trained["test"]);
  expect_error([&] { (void)folder.run({"eval"}); }, Fault::InvalidArgument, "--run");
  expect_error(
      [&] {
        (void)folder.run({"eval", "--checkpoint", (folder / "run/checkpoint.pth").string()});
      },
      Fault::InvalidArgument, "--store");
}

TEST(EvalCommand, OfARunTakesOtherCaptionsByEitherFlag) {
  const LearningFolder folder;
  (void)folder.train("run");
  write_text(folder / "other.csv", "video,caption,split\nclip 0,a cat,test\nclip 3,a dog,test\n");
  for (const char* flag : {"--captions", "--annotations"}) {
    const json other = json::parse(folder.run(
        {"eval", "--run", (folder / "run").string(), flag, (folder / "other.csv").string(), "--json"}));
    EXPECT_EQ(other["test"]["t2v"]["queries"], 2) << flag;
  }
}

TEST(EvalCommand, EvaluatesAllNetworksOfARunAndTheSharesOfTheModelsInClosedForm) {
  const LearningFolder folder;
  const std::vector<std::string> flags = {"--ensemble",      "2",   "--linear-weight", "0.4",
                                          "--kernel-weight", "0.3", "--seeds",         "2"};
  const json trained = json::parse(folder.train("run", flags));
  const auto evaluated = [&] {
    return json::parse(folder.run({"eval", "--run", (folder / "run").string(), "--json"}));
  };
  EXPECT_EQ(evaluated()["seeds"], trained["seeds"]);
  // Each member counts: without its second network the model is another.
  std::filesystem::copy_file(folder / "run/checkpoint.pth", folder / "run/network-2/checkpoint.pth",
                             std::filesystem::copy_options::overwrite_existing);
  expect_error([&] { (void)evaluated(); }, Fault::Mismatch, "network-2/checkpoint.pth");
  const json other = json::parse(folder.train("single", {"--linear-weight", "0.9"}));
  EXPECT_EQ(other["linear"], trained["linear"]) << "the baseline depends on the data alone";
  EXPECT_FALSE(std::filesystem::exists(folder / "single/kernel.pth")) << "it has no share";
}

TEST(EvalCommand, RefusesOtherWordVectorsThanTheRunsAndARunWithoutItsRecord) {
  const LearningFolder folder;
  (void)folder.train("run");
  (void)folder.train("other", {"--captions", (folder / "captions.csv").string(), "--whiten-words", "false"});
  const std::vector<std::string> eval = {"eval", "--run", (folder / "run").string(), "--json"};
  std::filesystem::copy_file(folder / "other/words.bin", folder / "run/words.bin",
                             std::filesystem::copy_options::overwrite_existing);
  expect_error([&] { (void)folder.run(eval); }, Fault::Mismatch, "not the file of word vectors");
  (void)folder.train("run");  // makes it anew
  (void)folder.run(eval);
  std::filesystem::remove(folder / "run/run.json");
  expect_error([&] { (void)folder.run(eval); }, Fault::NotFound, "describes the run is gone");
}

TEST(EvalCommand, TrainsAnewWhatIsDamaged) {
  const LearningFolder folder;
  const std::vector<std::string> flags = {"--ensemble",      "2",  "--linear-weight", "0.4",
                                          "--kernel-weight", "0.3"};
  const json trained = json::parse(folder.train("run", flags));
  for (const char* file : {"run/words.bin", "run/linear.pth", "run/kernel.pth", "run/checkpoint.pth",
                           "run/network-2/checkpoint.pth"}) {
    const std::string whole = read_text(folder / file);
    std::filesystem::resize_file(folder / file, whole.size() / 2);
    EXPECT_EQ(json::parse(folder.train("run", flags)), trained) << file;
    EXPECT_EQ(read_text(folder / file), whole);
  }
}

TEST(EvalCommand, EvaluatesAllSeedsOfARun) {
  const LearningFolder folder;
  const json trained = json::parse(folder.train("three", {"--seeds", "3"}));
  const std::vector<std::string> eval = {"eval", "--run", (folder / "three").string(), "--json"};
  const json evaluated = json::parse(folder.run(eval));
  EXPECT_EQ(evaluated["test"], trained["test"]);
  EXPECT_EQ(evaluated["seeds"], trained["seeds"]);
  std::filesystem::remove(folder / "three/seed-3/checkpoint.pth");
  ::testing::internal::CaptureStderr();
  const json first = json::parse(folder.run(eval));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("has no checkpoint of seed 3: its first seed alone is evaluated"));
  EXPECT_EQ(first["test"]["t2v"]["MeanR"], trained["seeds"][0]["t2v"]["MeanR"]);
}

TEST(EvalCommand, ComparesAllSeedsWhereBothRunsHaveSeveral) {
  const LearningFolder folder;
  (void)folder.train("short", {"--epochs", "1", "--lr", "0.0001", "--seeds", "3"});
  const json trained = json::parse(folder.train("long", {"--epochs", "60", "--lr", "0.001", "--seeds", "3"}));
  const auto compared = [&](const std::string& a, const std::string& b) {
    return json::parse(
        folder.run({"eval", "--compare", (folder / a).string(), (folder / b).string(), "--json"}));
  };
  const json several = compared("short", "long");
  EXPECT_EQ(several["runs"][0]["seeds"], 3);
  const json& mean_rank = several["t2v"]["MeanR"][1];
  EXPECT_EQ(mean_rank["mean"], trained["test"]["t2v"]["MeanR"]);
  EXPECT_EQ(mean_rank["deviation"], trained["test"]["t2v"]["deviation"]["MeanR"]);
  EXPECT_LT(mean_rank["p"], 0.05);
  EXPECT_LT(mean_rank["p_seeds"], 0.05);
  (void)folder.train("one", {"--epochs", "1"});
  const json single = compared("one", "long");
  EXPECT_EQ(single["runs"][0]["seeds"], 1);
  EXPECT_EQ(single["t2v"]["MeanR"][1]["mean"], trained["test"]["t2v"]["MeanR"]);
  EXPECT_EQ(single["t2v"]["MeanR"][1].count("p_seeds"), 0U) << "one seed says nothing about others";
}

TEST(EvalCommand, RefusesTheCheckpointOfAnotherSeed) {
  const LearningFolder folder;
  (void)folder.train("two", {"--seeds", "2"});
  std::filesystem::copy_file(folder / "two/checkpoint.pth", folder / "two/seed-2/checkpoint.pth",
                             std::filesystem::copy_options::overwrite_existing);
  expect_error(
      [&] {
        (void)folder.run({"eval", "--run", (folder / "two").string()});
      },
      Fault::Mismatch, "seed-2/checkpoint.pth: it is not the checkpoint that run.json describes");
}

TEST(EvalCommand, TakesTheSeedsOfARunWhoseRecordDoesNotListThem) {
  const LearningFolder folder;
  const json trained = json::parse(folder.train("two", {"--seeds", "2"}));
  json record = json::parse(read_text(folder / "two/run.json"));
  EXPECT_EQ(record.erase("further_seeds"), 1U);
  EXPECT_EQ(record.erase("training_videos"), 1U);
  write_text(folder / "two/run.json", record.dump());
  const json evaluated = json::parse(folder.run({"eval", "--run", (folder / "two").string(), "--json"}));
  EXPECT_EQ(evaluated["seeds"], trained["seeds"]);
}

TEST(EvalCommand, ShowsTheLinearBaselineOfTheRunAsTrainingDoes) {
  const LearningFolder folder;
  const json trained = json::parse(folder.train("run"));
  ASSERT_EQ(trained.count("linear"), 1U);
  const std::vector<std::string> eval = {"eval", "--run", (folder / "run").string()};
  const std::vector<std::string> as_json = {"eval", "--run", (folder / "run").string(), "--json"};
  const std::string text = folder.run(as_json);
  EXPECT_EQ(json::parse(text)["linear"], trained["linear"]);
  EXPECT_LT(text.find("\"test\""), text.find("\"linear\"")) << "the model's own metrics come first";
  EXPECT_THAT(folder.run(eval), HasSubstr("linear model (text to video)"));
  const std::string whole = read_text(folder / "run/linear.pth");
  write_text(folder / "run/linear.pth", whole + " ");
  expect_error([&] { (void)folder.run(eval); }, Fault::Mismatch, "it is not the linear model");
  std::filesystem::remove(folder / "run/linear.pth");
  EXPECT_THAT(folder.run(eval), Not(HasSubstr("linear model")));
}

TEST(EvalCommand, SaysThatTestClipsWereTrainingClips) {
  const LearningFolder folder;
  (void)folder.train("run");
  (void)folder.train("again", {"--epochs", "2"});
  // Every third clip is a test clip of the run.
  write_text(folder / "other.csv",
             "video,caption,start,end,split\nclip 0,a cat,,,test\nclip 1,a boat,,,test\n"
             "clip 2,a drum,0,0.002,test\n");
  const std::string finding = "2 of the 3 test clips were training clips of this run";
  const std::vector<std::string> own = {"eval", "--run", (folder / "run").string()};
  std::vector<std::string> other = own;
  other.insert(other.end(), {"--captions", (folder / "other.csv").string()});
  EXPECT_THAT(folder.run(other), HasSubstr(finding));
  EXPECT_THAT(folder.run(own), Not(HasSubstr("training clips")));
  other.emplace_back("--json");
  const json found = json::parse(folder.run(other));
  ASSERT_EQ(found["findings"].size(), 1U);
  EXPECT_THAT(found["findings"][0].get<std::string>(), HasSubstr(finding));
  const std::string again = (folder / "again").string();
  const json compared = json::parse(folder.run({"eval", "--compare", (folder / "run").string(), again,
                                                "--captions", (folder / "other.csv").string(), "--json"}));
  ASSERT_EQ(compared["findings"].size(), 2U);
  EXPECT_THAT(compared["findings"][1].get<std::string>(), HasSubstr("training clips of " + again));
  write_text(folder / "run/training_videos.txt", "clip 5\n");
  expect_error([&] { (void)folder.run(other); }, Fault::Mismatch, "list of training videos");
  std::filesystem::remove(folder / "run/training_videos.txt");
  EXPECT_THAT(folder.run(other), HasSubstr("whether this run was trained on test clips is not known"));
}

TEST(EvalCommand, OrdersTheRulesForTies) {
  const LearningFolder folder;
  (void)folder.train("run", {"--epochs", "1"});
  const auto mean_rank = [&](const std::string& ties) {
    const std::string printed =
        folder.run({"eval", "--run", (folder / "run").string(), "--ties", ties, "--json"});
    return json::parse(printed)["test"]["t2v"]["MeanR"].get<double>();
  };
  // Videos of the same two things are equal to the bit: each query has ties.
  EXPECT_LT(mean_rank("optimistic"), mean_rank("average"));
  EXPECT_LT(mean_rank("average"), mean_rank("pessimistic"));
  EXPECT_GT(mean_rank("legacy"), 0);
}

/// The cells of a CSV without quotes but in the caption.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(EvalCommand, WritesARankAQueryThatTheMetricsFollowFrom) {
  const LearningFolder folder;
  (void)folder.train("run");
  const json metrics = json::parse(folder.run(
      {"eval", "--run", (folder / "run").string(), "--json", "--ranks", (folder / "ranks.csv").string()}));
  const auto lines = lines_of(read_text(folder / "ranks.csv"));
  ASSERT_EQ(lines.size(), 1u + 40 + 20);
  EXPECT_EQ(lines[0], "direction,query,video,start,end,caption,rank");
  EXPECT_THAT(lines[1], HasSubstr("t2v,1,clip 0,,,\"a cat, a lamp\","));
  double sum = 0;
  for (std::size_t i = 1; i <= 40; ++i) sum += std::stod(lines[i].substr(lines[i].rfind(',') + 1));
  EXPECT_NEAR(sum / 40, metrics["test"]["t2v"]["MeanR"].get<double>(), 1e-9);
  expect_error(
      [&] {
        (void)folder.run({"eval", "--run", (folder / "run").string(), "--ties", "legacy", "--ranks",
                          (folder / "legacy.csv").string()});
      },
      Fault::InvalidArgument, "legacy");
}

TEST(EvalCommand, WritesTrecFilesThatGiveTheSameRecall) {
  const LearningFolder folder;
  (void)folder.train("run");
  const json metrics = json::parse(
      folder.run({"eval", "--run", (folder / "run").string(), "--json", "--ties", "optimistic", "--trec-run",
                  (folder / "run.trec").string(), "--trec-qrels", (folder / "qrels.trec").string()}));
  std::map<std::string, std::string> wanted;
  std::map<std::string, double> score_of_wanted;
  std::map<std::string, std::vector<double>> scores;
  std::istringstream qrels(read_text(folder / "qrels.trec")), run(read_text(folder / "run.trec"));
  std::string query, zero, document, relevance, rank, score, tag;
  while (qrels >> query >> zero >> document >> relevance) wanted[query] = document;
  while (run >> query >> zero >> document >> rank >> score >> tag) {
    scores[query].push_back(std::stod(score));
    if (document == wanted.at(query)) score_of_wanted[query] = scores[query].back();
  }
  ASSERT_EQ(wanted.size(), 40u);
  EXPECT_EQ(wanted["q1"], "clip%200");
  int found = 0;
  for (const auto& [name, all] : scores) {
    EXPECT_EQ(all.size(), 20u);
    EXPECT_TRUE(std::is_sorted(all.rbegin(), all.rend()));
    found += std::count_if(all.begin(), all.end(), [&](double s) { return s > score_of_wanted[name]; }) < 5;
  }
  EXPECT_NEAR(100.0 * found / 40, metrics["test"]["t2v"]["R@5"].get<double>(), 1e-9);
}

TEST(EvalCommand, ComparesTwoRunsOnTheSameQueriesOnly) {
  const LearningFolder folder;
  (void)folder.train("short", {"--epochs", "1", "--lr", "0.0001"});
  (void)folder.train("long", {"--epochs", "60", "--lr", "0.001"});
  const json comparison = json::parse(
      folder.run({"eval", "--compare", (folder / "short").string(), (folder / "long").string(), "--json"}));
  const json &first = comparison["t2v"]["MeanR"][0], &second = comparison["t2v"]["MeanR"][1];
  EXPECT_LT(second["difference"], 0) << "more training ranks better";
  EXPECT_LT(second["p"], 0.05);
  EXPECT_NEAR(second["mean"].get<double>() - first["mean"].get<double>(), second["difference"].get<double>(),
              1e-9);
  const json same = json::parse(
      folder.run({"eval", "--compare", (folder / "long").string(), (folder / "long").string(), "--json"}));
  EXPECT_EQ(same["v2t"]["R@5"][1]["p"], 1);
}

TEST(EvalCommand, ComparesAnyNumberOfRunsInFourForms) {
  const LearningFolder folder;
  for (const char* const name : {"a", "b", "c"}) (void)folder.train(name, {"--epochs", "1"});
  std::vector<std::string> compare = {"eval", "--compare", (folder / "a").string(), (folder / "b").string(),
                                      (folder / "c").string()};
  EXPECT_THAT(folder.run(compare), HasSubstr("p "));
  compare.emplace_back("--json");
  const json runs = json::parse(folder.run(compare))["runs"];
  ASSERT_EQ(runs.size(), 3U);
  EXPECT_EQ(runs[0]["recipe"], "howto100m");
  EXPECT_EQ(runs[0]["data"], "captions captions.csv");
  compare.back() = "--latex";
  EXPECT_THAT(folder.run(compare), HasSubstr("\\begin{tabular}{lrrrrr}"));
  compare.back() = "--csv";
  const CsvTable table("comparison", folder.run(compare));
  EXPECT_EQ(table.rows().size(), 3U * 2 * 5);
  EXPECT_EQ(table.columns().front(), "run");
  compare.emplace_back("--json");
  expect_error([&] { (void)folder.run(compare); }, Fault::InvalidArgument, "three forms of one result");
  expect_error(
      [&] {
        (void)folder.run({"eval", "--run", (folder / "a").string(), "--csv"});
      },
      Fault::InvalidArgument, "it is a form of a comparison");
}

TEST(EvalCommand, RefusesToCompareRunsOnOtherQueries) {
  const LearningFolder one, other;
  (void)one.train("run");
  std::string captions = read_text(other / "captions.csv");
  write_text(other / "captions.csv", captions.replace(captions.find("a cat"), 5, "a cow"));
  (void)other.train("run");
  expect_error(
      [&] {
        (void)one.run({"eval", "--compare", (one / "run").string(), (other / "run").string()});
      },
      Fault::Mismatch, "different queries");
  const std::string run = (one / "run").string();
  expect_error(
      [&] {
        (void)one.run({"eval", "--compare", run, run, "--ranks", "r.csv"});
      },
      Fault::InvalidArgument, "--ranks");
}

}  // namespace
}  // namespace tvr
