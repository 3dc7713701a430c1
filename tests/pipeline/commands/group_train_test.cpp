// `mpirun pipeline train`: several processes give the bytes of one, and end together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "learning_fixture.h"
#include "tests/support/narrated_folder.h"
#include "tests/support/program.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;
using testing::LearningFolder;
using testing::Program;
using testing::ProgramResult;
using testing::TempFolder;
using Words = std::vector<std::string>;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// `pipeline ARGUMENTS` as so many processes on this machine's cores.
Words in_group(int processes, const Words& arguments) {
  Words words = {
      "-np",       std::to_string(processes), "--oversubscribe", "--allow-run-as-root", "--bind-to", "none",
      TVR_PIPELINE};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

/// The process of a rank that this mpirun has started; -1: there is none yet.
pid_t process_of(pid_t mpirun, int rank) {
  const std::string task = "/proc/" + std::to_string(mpirun) + "/task/" + std::to_string(mpirun);
  std::ifstream children(task + "/children");
  const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank);
  for (pid_t child = 0; children >> child;) {
    const std::string environment = bytes_of("/proc/" + std::to_string(child) + "/environ");
    if (environment.find(wanted + '\0') != std::string::npos) return child;
  }
  return -1;
}

struct GroupTraining : public ::testing::Test {
  void SetUp() override {
    if (std::string(TVR_MPIRUN).empty()) GTEST_SKIP() << "this build has no MPI";
  }

  [[nodiscard]] Words training(const std::string& out, const Words& more = {}) const {
    Words words = {"train",
                   "--store",
                   (learning / "features.db").string(),
                   "--captions",
                   (learning / "captions.csv").string(),
                   "--out",
                   (learning / out).string(),
                   "--embd-dim",
                   "37",
                   "--epochs",
                   "400",
                   "--batch-size",
                   "10",
                   "--lr",
                   "0.003",
                   "--threads",
                   "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] ProgramResult one(const Words& arguments) const {
    return Program(folder.path(), TVR_PIPELINE, arguments).wait();
  }
  [[nodiscard]] ProgramResult group(int processes, const Words& arguments) const {
    return Program(folder.path(), TVR_MPIRUN, in_group(processes, arguments)).wait();
  }
  void expect_equal(const std::string& run, const std::string& other) const {
    for (const char* const file : {"checkpoint.pth", "metrics.json"}) {
      ASSERT_GT(bytes_of(learning / run / file).size(), 0U) << run << ' ' << file;
      EXPECT_TRUE(bytes_of(learning / run / file) == bytes_of(learning / other / file))
          << other << ' ' << file;
    }
  }

  /// Trains by two processes and sends rank 1 a signal once a state is there; returns what was said.
  std::string interrupted(const std::string& out, int signal) const {
    Program program(folder.path(), TVR_MPIRUN, in_group(2, training(out)));
    const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!std::filesystem::exists(learning / out / "training_state.pth") && program.is_running() &&
           std::chrono::steady_clock::now() < limit)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const pid_t rank = process_of(program.id(), 1);
    EXPECT_GT(rank, 0);
    if (rank > 0) kill(rank, signal);
    const ProgramResult result = program.wait();
    EXPECT_NE(result.exit_code, 0);
    EXPECT_TRUE(std::filesystem::exists(learning / out / "training_state.pth"));
    EXPECT_FALSE(std::filesystem::exists(learning / out / "checkpoint.pth"));
    return result.err;
  }

  LearningFolder learning{true};
  TempFolder folder;  // of the programs' output
};

TEST_F(GroupTraining, GivesTheBytesOfOneProcess) {
  const ProgramResult whole = one(training("one"));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  for (const int processes : {2, 3}) {
    const std::string out = "by " + std::to_string(processes);
    const ProgramResult result = group(processes, training(out));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, whole.out) << "one speaks";
    EXPECT_THAT(result.err, HasSubstr("train: " + std::to_string(processes) + " processes"));
    expect_equal("one", out);
    const ProgramResult again = group(processes, training(out));
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_THAT(again.err, HasSubstr("nothing to do"));
  }
}

TEST_F(GroupTraining, ThatLosesARankIsResumedByAnotherNumber) {
  ASSERT_EQ(one(training("one")).exit_code, 0);
  EXPECT_THAT(interrupted("killed", SIGKILL), HasSubstr("rank 1"));
  const ProgramResult resumed = group(3, training("killed"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resuming from"));
  expect_equal("one", "killed");
}

TEST_F(GroupTraining, StopsOnAllRanksWhenOneIsAskedTo) {
  ASSERT_EQ(one(training("one")).exit_code, 0);
  const std::string said = interrupted("asked", SIGTERM);
  EXPECT_THAT(said, HasSubstr("rank 0 of 2"));
  EXPECT_THAT(said, HasSubstr("stopped in epoch"));
  ASSERT_EQ(one(training("asked")).exit_code, 0);
  expect_equal("one", "asked");
}

TEST_F(GroupTraining, OnNarrationsGivesTheBytesOfOneProcess) {
  const testing::NarratedFolder narrated;
  const auto words = [&](const char* out) {
    return Words{"train",
                 "--narrations",
                 (narrated / "narrations.db").string(),
                 "--store",
                 (narrated / "features.db").string(),
                 "--out",
                 (narrated / out).string(),
                 "--batch-size",
                 "8",
                 "--n-pair",
                 "3",
                 "--embd-dim",
                 "32",
                 "--epochs",
                 "5",
                 "--loss",
                 "mil-nce",
                 "--candidates",
                 "2"};
  };
  const ProgramResult whole = one(words("one"));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const ProgramResult three = group(3, words("three"));
  ASSERT_EQ(three.exit_code, 0) << three.err;
  EXPECT_TRUE(bytes_of(narrated / "one" / "checkpoint.pth") ==
              bytes_of(narrated / "three" / "checkpoint.pth"));
}

TEST_F(GroupTraining, EndsOnAllRanksWithTheErrorOfOne) {
  Words words = training("wild");
  std::replace(words.begin(), words.end(), std::string("0.003"), std::string("1e30"));  // --lr
  const ProgramResult result = group(2, words);
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("of 2 on "));
  EXPECT_THAT(result.err, HasSubstr("Use a lower learning rate"));
}

TEST_F(GroupTraining, IsRefusedWhereOneProcessDoesTheWork) {
  EXPECT_THAT(group(2, training("a", {"--train-device", "cuda"})).err,
              HasSubstr("several processes train on"));
  EXPECT_THAT(group(2, {"run", "--demo", "--out", (learning / "b").string()}).err,
              HasSubstr("several processes of it were started"));
}

TEST(GroupTrainingWithoutItsLauncher, IsRefused) {
  const LearningFolder learning;
  const TempFolder folder;
  const ProgramResult result =
      Program(folder.path(), TVR_PIPELINE,
              {"train", "--store", (learning / "features.db").string(), "--captions",
               (learning / "captions.csv").string(), "--out", (learning / "run").string()},
              {{"OMPI_COMM_WORLD_SIZE", "2"}})
          .wait();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr(std::string(TVR_MPIRUN).empty() ? "libopenmpi-dev" : "finds no other"));
}

}  // namespace
}  // namespace tvr
