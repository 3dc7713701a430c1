// `pipeline run` on small demos, in a process of its own: results, resume, kill, Ctrl-C, bad videos.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "data/error.h"
#include "data/store/feature_store.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/run/run_folder.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;

using Arguments = std::vector<std::string>;

class WholeRun : public ::testing::Test {
 protected:
  ProgramResult run(const Arguments& arguments) {
    return Program(folder_.path(), TVR_PIPELINE, arguments).wait();
  }
  /// A run on a demo of 24 clips, 4 of them test.
  static Arguments demo_run(const Arguments& more = {}) {
    Arguments arguments = {"run",        "--demo", "--demo-clips", "24", "--batch-size", "8",
                           "--embd-dim", "64",     "--epochs",     "3",  "--out",        "ein Läuf"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  /// With more epochs than a test has time for.
  static Arguments endless_run() {
    Arguments arguments = demo_run();
    *(std::find(arguments.begin(), arguments.end(), "--epochs") + 1) = "100000";
    return arguments;
  }
  [[nodiscard]] std::filesystem::path store() const { return folder_ / "ein Läuf/features.db"; }

  /// Videos with features, 0 while there is no store.
  [[nodiscard]] std::int64_t finished_videos() const {
    try {
      return static_cast<std::int64_t>(FeatureStore(store()).videos().size());
    } catch (const Error&) {
      return 0;
    }
  }
  /// Starts the run and signals it once `moment` has come; how it ended.
  ProgramResult interrupt(const Arguments& arguments, int signal, const std::function<bool()>& moment) {
    Program program(folder_.path(), TVR_PIPELINE, arguments);
    while (program.is_running() && !moment()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    program.signal(signal);
    return program.wait();
  }

  testing::TempFolder folder_;
};

TEST_F(WholeRun, GivesMetricsInJsonAndASecondTimeDoesNothing) {
  const ProgramResult first = run(demo_run({"--json"}));
  ASSERT_EQ(first.exit_code, kDone) << first.err;
  const auto metrics = nlohmann::json::parse(first.out);
  EXPECT_EQ(metrics["test"]["t2v"]["queries"], 4);
  for (const char* name : {"R@1", "R@5", "R@10", "MedR", "MeanR"}) {
    EXPECT_TRUE(metrics["test"]["t2v"][name].is_number()) << name;
    EXPECT_TRUE(metrics["test"]["v2t"][name].is_number()) << name;
  }
  for (const char* file :
       {"metrics.json", "history.jsonl", "checkpoint.pth", "config.toml", "report.html", "run.json"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / "ein Läuf" / file)) << file;
  }
  const auto begin = std::chrono::steady_clock::now();
  const ProgramResult second = run(demo_run({"--json"}));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(second.exit_code, kDone);
  EXPECT_EQ(second.out, first.out);
  EXPECT_THAT(second.err, HasSubstr("extract: nothing to do, all 24 videos are up to date"));
  EXPECT_THAT(second.err, HasSubstr("train: nothing to do"));
}

TEST_F(WholeRun, MovedWithoutItsVideosAndListsIsSearchedAllTheSame) {
  ASSERT_EQ(run(demo_run()).exit_code, kDone);
  const auto search = [this](const std::string& folder) {
    return run({"search", "--run", folder, "a red ball rolls", "--json"});
  };
  const ProgramResult before = search("ein Läuf");
  ASSERT_EQ(before.exit_code, kDone) << before.err;
  std::filesystem::rename(folder_ / "ein Läuf", folder_ / "elsewhere");
  const ProgramResult metrics = run({"eval", "--run", "elsewhere", "--json"});
  EXPECT_EQ(nlohmann::json::parse(metrics.out)["test"],
            nlohmann::json::parse(read_text(folder_ / "elsewhere/metrics.json"))["test"])
      << metrics.err;
  std::filesystem::remove_all(folder_ / "elsewhere/data");
  std::filesystem::remove(folder_ / "elsewhere/config.toml");
  EXPECT_EQ(search("elsewhere").out, before.out);
  const ProgramResult refused = run({"eval", "--run", "elsewhere"});
  EXPECT_EQ(refused.exit_code, kFailed);
  EXPECT_THAT(refused.err, HasSubstr("--annotations FILE"));
}

TEST_F(WholeRun, RenewsAReportThatIsDamagedOrOfAnotherFormatThoughNothingElseHasChanged) {
  ASSERT_EQ(run(demo_run()).exit_code, kDone);
  const std::filesystem::path report = folder_ / "ein Läuf/report.html",
                              steps = folder_ / "ein Läuf/steps.json";
  EXPECT_THAT(run(demo_run()).err, HasSubstr("the report are up to date"));
  write_text(report, "damaged");
  ASSERT_EQ(run(demo_run()).exit_code, kDone);
  EXPECT_THAT(read_text(report), HasSubstr("<html"));
  auto digests = nlohmann::json::parse(read_text(steps));
  digests["report"] = "of an older program";
  write_text(steps, digests.dump());
  EXPECT_THAT(run(demo_run()).err, Not(HasSubstr("the report are up to date")));
  EXPECT_THAT(read_text(report), HasSubstr("<html"));
}

TEST_F(WholeRun, KilledInExtractionDecodesNoFinishedVideoAgain) {
  const ProgramResult killed = interrupt(demo_run(), SIGKILL, [this] { return finished_videos() >= 8; });
  ASSERT_EQ(killed.exit_code, 128 + SIGKILL) << killed.err;
  const std::int64_t finished = finished_videos();
  ASSERT_GE(finished, 8);
  const ProgramResult rest = run(demo_run());
  EXPECT_EQ(rest.exit_code, kDone) << rest.err;
  EXPECT_THAT(rest.err, HasSubstr("; " + std::to_string(finished) + " were up to date"));
  EXPECT_EQ(finished_videos(), 24);
}

TEST_F(WholeRun, StoppedByCtrlCSaysHowToGoOnAndGoesOn) {
  const ProgramResult extracting = interrupt(demo_run(), SIGINT, [this] { return finished_videos() >= 3; });
  EXPECT_EQ(extracting.exit_code, 130) << extracting.err;
  EXPECT_THAT(extracting.err, HasSubstr("error: extraction: stopped"));
  EXPECT_THAT(extracting.err, HasSubstr("Run the same command again to resume"));

  const Arguments longer = endless_run();
  const std::filesystem::path history = folder_ / "ein Läuf/history.jsonl";
  const ProgramResult training = interrupt(longer, SIGTERM, [&] { return std::filesystem::exists(history); });
  EXPECT_EQ(training.exit_code, 143) << training.err;
  EXPECT_THAT(training.err, HasSubstr("error: training: stopped in epoch"));
  const ProgramResult again = interrupt(longer, SIGINT, [&, lines = std::filesystem::file_size(history)] {
    return std::filesystem::file_size(history) > lines;
  });
  EXPECT_THAT(again.err, HasSubstr("extract: nothing to do"));
  EXPECT_THAT(again.err, HasSubstr("train: resuming"));
}

TEST_F(WholeRun, EndsWith2WhenAVideoIsDamagedAndSaysWhich) {
  ASSERT_EQ(run({"demo", "--out", "d", "--clips", "20"}).exit_code, kDone);
  testing::write_file(folder_ / "d/videos/broken.mp4", "no film at all");
  const Arguments extract = {"extract", "--videos",   "d/videos", "--store",    "s.db",  "--random-weights",
                             "--json",  "--model-2d", "demo2d",   "--model-3d", "demo3d"};
  const ProgramResult first = run(extract);
  EXPECT_EQ(first.exit_code, kSomeVideosFailed);
  EXPECT_EQ(nlohmann::json::parse(first.out)["failed"], 1);
  EXPECT_THAT(first.err, HasSubstr("broken"));
  const ProgramResult again = run(extract);
  EXPECT_EQ(again.exit_code, kSomeVideosFailed);
  EXPECT_EQ(nlohmann::json::parse(again.out)["fresh"], 21);
  EXPECT_THAT(again.err, HasSubstr("--retry-failed"));
  EXPECT_EQ(run({"store", "verify", "s.db"}).exit_code, kDone);
}

}  // namespace
}  // namespace tvr
