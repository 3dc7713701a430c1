#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "pipeline/commands/command.h"
#include "pipeline/run/run_folder.h"
#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::PlantedRun;
using testing::TempFolder;
using testing::write_file;

struct Ended {
  int exit_code = -1;
  std::string out, err;
};

/// A planted run, and a release with a task of three steps and videos a and b.
class LocalizeCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(folder_ / "crosstask/tasks_primary.txt", "1\nWalk Dogs\nu\n3\nred,dog,rain\n\n");
    write_file(folder_ / "crosstask/videos.csv", "1,a,u\n1,-b,u\n");
    write_file(folder_ / "crosstask/videos_val.csv", "1,z,u\n");
    write_file(folder_ / "crosstask/annotations/1_a.csv", "1,0,1\n2,1.5,3\n");
    run_.add_video("a", {0, -1, 2, 6});
  }
  [[nodiscard]] Ended run(std::vector<std::string> arguments) const {
    CLI::App app;
    Ended ended;
    add_localize_command(app, ended.exit_code);
    arguments.insert(arguments.begin(), "localize");
    std::reverse(arguments.begin(), arguments.end());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    try {
      app.parse(arguments);
    } catch (...) {
      (void)::testing::internal::GetCapturedStdout();
      (void)::testing::internal::GetCapturedStderr();
      throw;
    }
    ended.out = ::testing::internal::GetCapturedStdout();
    ended.err = ::testing::internal::GetCapturedStderr();
    return ended;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

  TempFolder folder_;
  PlantedRun run_{folder_ / "planted"};
};

TEST_F(LocalizeCommand, OfARunOnCrossTask) {
  const std::vector<std::string> all = {"--run",           run_.run().string(), "--crosstask",
                                        path("crosstask"), "--videos",          "all",
                                        "--csv",           path("seconds.csv")};
  const Ended table = run(all);
  EXPECT_EQ(table.exit_code, kSomeVideosFailed);
  EXPECT_THAT(table.err, HasSubstr("1 videos are left out: they have no annotation (1_-b)"));
  EXPECT_THAT(table.out, HasSubstr("Walk Dogs"));
  EXPECT_THAT(read_text(folder_ / "seconds.csv"), HasSubstr("\na,1,2,2,1,1,dog\n"));
  std::vector<std::string> as_json = all;
  as_json.emplace_back("--json");
  const json figures = json::parse(run(as_json).out);
  EXPECT_EQ(figures["mean"]["model"]["pooled"], 100.0);
  EXPECT_EQ(figures["selection"], "all");
  write_file(folder_ / "crosstask/annotations/1_-b.csv", "1,0,1\n");
  run_.add_video("%2Db", {0, 2, 6});
  EXPECT_EQ(run(all).exit_code, kDone);
}

TEST_F(LocalizeCommand, OfTheSplitHasNoVideoWhereATaskHasFew) {
  expect_error(
      [&] {
        (void)run({"--run", run_.run().string(), "--crosstask", path("crosstask")});
      },
      Fault::NotFound, "no task has more than 30 videos");
}

TEST_F(LocalizeCommand, OfACheckpointTakesFlagsInstead) {
  const std::vector<std::string> checkpoint = {"--checkpoint", (run_.run() / "checkpoint.pth").string(),
                                               "--crosstask",  path("crosstask"),
                                               "--videos",     "all",
                                               "--json"};
  std::vector<std::string> whole = checkpoint;
  whole.insert(whole.end(),
               {"--store", run_.store().string(), "--word-vectors", (run_.run() / "words.txt").string()});
  EXPECT_EQ(json::parse(run(whole).out)["mean"]["model"]["pooled"], 100.0);
  expect_error([&] { (void)run(checkpoint); }, Fault::InvalidArgument, "--store");
  whole.resize(whole.size() - 2);
  expect_error([&] { (void)run(whole); }, Fault::InvalidArgument, "--word-vectors");
}

TEST_F(LocalizeCommand, OfAnybodysScores) {
  write_file(folder_ / "scores/1_a.csv", "0,9,0\n9,0,0\n0,8,0\n0,0,1\n");
  const auto pooled = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--from-scores", path("scores"), "--crosstask", path("crosstask"), "--videos",
                             "all", "--json"});
    return json::parse(run(more).out)["mean"]["model"]["pooled"].get<double>();
  };
  EXPECT_EQ(pooled({}), 50.0);
  EXPECT_EQ(pooled({"--order", "free"}), 0.0);
  EXPECT_EQ(pooled({"--scores", "log-softmax"}), 50.0);
}

TEST_F(LocalizeCommand, OfOwnVideosPrintsWhenEachStepHappens) {
  write_file(folder_ / "steps.txt", "red\n\n a dog \nrain\n");
  run_.add_video("films/walk", {4, 4, 0, 2, 6, 5});
  const std::vector<std::string> own = {"--run", run_.run().string(), "--steps", path("steps.txt"),
                                        "walk.mp4"};
  const Ended table = run(own);
  EXPECT_EQ(table.exit_code, kDone);
  EXPECT_THAT(table.out, HasSubstr("2.0 s       2  1.000  red"));
  EXPECT_THAT(table.out, HasSubstr("3.0 s       3  1.000  a dog"));
  std::vector<std::string> more = own;
  more.insert(more.end(), {"missing", "--json", "--csv", path("seconds.csv")});
  const Ended lines = run(more);
  EXPECT_EQ(lines.exit_code, kSomeVideosFailed);
  EXPECT_THAT(lines.err, HasSubstr("missing has no features"));
  EXPECT_EQ(json::parse(lines.out)["steps"][2]["second"], 4.0);
  EXPECT_EQ(read_text(folder_ / "seconds.csv"),
            "video,task,step,second,score,hit,name\nfilms/walk,,1,2,1,,red\nfilms/walk,,2,3,1,,a dog\n"
            "films/walk,,3,4,1,,rain\n");
  write_file(folder_ / "steps.txt", "red\nrain\nred\nrain\nred\nrain\nred\n");
  const Ended short_video = run(own);
  EXPECT_THAT(short_video.err, HasSubstr("has 6 frames, fewer than the 7 steps"));
  EXPECT_THAT(short_video.out, HasSubstr("-       -      -  red"));
  write_file(folder_ / "steps.txt", "\n");
  expect_error([&] { (void)run(own); }, Fault::Corrupt, "it has 0 steps, wanted 1 to 1000");
  write_file(folder_ / "steps.txt", "red\n");
  expect_error(
      [&] {
        (void)run({"--run", run_.run().string(), "--steps", path("steps.txt"), "missing"});
      },
      Fault::NotFound, "features of none of these videos");
}

TEST_F(LocalizeCommand, RefusesFlagsThatDoNotGoTogether) {
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& phrase) {
    expect_error([&] { (void)run(arguments); }, Fault::InvalidArgument, phrase);
  };
  write_file(folder_ / "steps.txt", "red\n");
  refused({}, "needs either --crosstask DIR or --steps FILE");
  refused({"--crosstask", path("crosstask")}, "needs a model: --run or --checkpoint");
  refused({"--steps", path("steps.txt")}, "--steps and videos go together");
  refused({"--crosstask", path("crosstask"), "video"}, "--steps and videos go together");
  refused(
      {"--crosstask", path("crosstask"), "--from-scores", path("crosstask"), "--run", run_.run().string()},
      "--from-scores goes with --crosstask and without a model");
  refused({"--crosstask", path("crosstask"), "--run", run_.run().string(), "--max-words", "3"},
          "--max-words does not go with --run");
}

}  // namespace
}  // namespace tvr
