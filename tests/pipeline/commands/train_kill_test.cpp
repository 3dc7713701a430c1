// `pipeline train` killed at random moments and started again: the program itself, on a small store.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "data/store/feature_store.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kVideos = 80;
constexpr int kWords = 40;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A store of random features, captions of random words, and vectors of the words.
struct KilledTraining : public ::testing::Test {
  KilledTraining() {
    FeatureStore store(folder / "s.db", FeatureStore::Access::ReadWrite);
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    const std::int64_t lanes[] = {store.add_recipe({"2d", R"({"model":"m"})", "random:seed=1"}),
                                  store.add_recipe({"3d", R"({"model":"m"})", "random:seed=1"})};
    std::ofstream captions(folder / "captions.csv"), vectors(folder / "vectors.txt");
    captions << "video,caption,split\n";
    for (int v = 0; v < kVideos; ++v) {
      VideoOutcome outcome;
      const std::string id = "v" + std::to_string(v);
      outcome.source = {id, "/videos/" + id + ".mp4"};
      outcome.fingerprint = {100, 7, sha256(id)};
      for (const std::int64_t lane : lanes) {
        VideoOutcome::Lane& features = outcome.lanes.emplace_back();
        features.recipe = lane;
        features.features.dim = 32;
        std::vector<float> row(32);
        for (float& value : row) value = uniform(random);
        features.features.set(0, row.data(), {Micros(0), Micros(1000)});
      }
      store.write(outcome);
      for (int c = 0; c < 3; ++c) {
        captions << id << ",w" << v % kWords << " w" << random() % kWords << " w" << random() % kWords << ','
                 << (v < 60   ? "train"
                     : v < 70 ? "val"
                              : "test")
                 << '\n';
      }
    }
    vectors << kWords << " 12\n";
    for (int w = 0; w < kWords; ++w) {
      vectors << 'w' << w;
      for (int d = 0; d < 12; ++d) vectors << ' ' << uniform(random);
      vectors << '\n';
    }
  }

  /// Starts a training into the folder `run`.
  pid_t start(const std::string& run) {
    const std::string store = folder / "s.db", captions = folder / "captions.csv",
                      vectors = folder / "vectors.txt", out = folder / run, log = folder / "log";
    const pid_t child = fork();
    if (child != 0) return child;
    const int to = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(to, STDOUT_FILENO);
    dup2(to, STDERR_FILENO);
    execl(TVR_PIPELINE, TVR_PIPELINE, "train", "--store", store.c_str(), "--captions", captions.c_str(),
          "--word-vectors", vectors.c_str(), "--out", out.c_str(), "--embd-dim", "96", "--batch-size", "12",
          "--epochs", "80", "--lr", "1e-3", nullptr);
    _exit(127);
  }

  void expect_the_bytes_of_the_whole_run(const std::string& run) {
    for (const char* file : {"checkpoint.pth", "metrics.json"}) {
      ASSERT_GT(bytes_of(folder / "whole" / file).size(), 0U) << file;
      EXPECT_TRUE(bytes_of(folder / run / file) == bytes_of(folder / "whole" / file)) << file;
    }
  }

  /// Runs it to its end and says how long that took.
  std::chrono::microseconds train_whole() {
    const Clock::time_point begin = Clock::now();
    EXPECT_EQ(ended(start("whole")), 0) << bytes_of(folder / "log");
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  }

  /// The exit code, or minus the signal.
  static int ended(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

  testing::TempFolder folder;
};

TEST_F(KilledTraining, GivesTheBytesOfAnUndisturbedOneWheneverItIsKilled) {
  const std::chrono::microseconds whole = train_whole();
  const int wanted = std::getenv("TVR_LONG_TESTS") != nullptr ? 20 : 3;
  std::mt19937_64 random(std::random_device{}());
  int kills = 0, with_state = 0, resumed = 0;
  while (kills < wanted) {
    const std::string run = "run " + std::to_string(kills);
    const pid_t child = start(run);
    std::this_thread::sleep_for(whole * static_cast<double>(random() % 1000) / 1000);
    kill(child, SIGKILL);
    if (ended(child) == 0) {  // it was faster than the first: no kill
      std::filesystem::remove_all(folder / run);
      continue;
    }
    ++kills;
    with_state += std::filesystem::exists(folder / run / "training_state.pth") ? 1 : 0;
    ASSERT_EQ(ended(start(run)), 0) << bytes_of(folder / "log");
    resumed += bytes_of(folder / "log").find("resuming from") != std::string::npos ? 1 : 0;
    expect_the_bytes_of_the_whole_run(run);
    std::filesystem::remove_all(folder / run);
  }
  std::printf("%d kills, %d left a state, %d trainings went on\n", kills, with_state, resumed);
}

TEST_F(KilledTraining, WritesAStateAndSaysSoWhenAskedToEnd) {
  train_whole();
  const pid_t child = start("asked");
  const std::filesystem::path history = folder / "asked" / "history.jsonl";
  const Clock::time_point limit = Clock::now() + std::chrono::seconds(60);
  while (!std::filesystem::exists(history) && Clock::now() < limit) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(child, SIGTERM);
  EXPECT_EQ(ended(child), 128 + SIGTERM);
  const std::string said = bytes_of(folder / "log");
  EXPECT_NE(said.find("stopped in epoch"), std::string::npos) << said;
  EXPECT_NE(said.find("Run the same command again to resume"), std::string::npos) << said;
  EXPECT_TRUE(std::filesystem::exists(folder / "asked" / "training_state.pth"));
  EXPECT_FALSE(std::filesystem::exists(folder / "asked" / "checkpoint.pth"));
  ASSERT_EQ(ended(start("asked")), 0) << bytes_of(folder / "log");
  expect_the_bytes_of_the_whole_run("asked");
}

}  // namespace
}  // namespace tvr
