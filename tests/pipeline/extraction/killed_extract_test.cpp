// Decoders, the process that starts them and the program are killed at random moments: no sound video may be
// marked as failed, and the features are those of an undisturbed run.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "data/store/feature_store.h"
#include "data/store/store_inspector.h"
#include "tests/support/program.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using testing::Program;
using testing::ProgramResult;

std::vector<pid_t> children(const std::vector<pid_t>& parents) {
  std::vector<pid_t> found;
  for (const pid_t parent : parents) {
    const std::filesystem::path tasks = "/proc/" + std::to_string(parent) + "/task";
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
      std::ifstream list(task.path() / "children");
      for (pid_t child = 0; list >> child;) found.push_back(child);
    }
  }
  return found;
}

class KilledExtract : public ::testing::TestWithParam<const char*> {
 protected:
  KilledExtract() {
    std::filesystem::create_directory(folder_ / "videos");
    for (int i = 0; i < kVideos; ++i) {
      testing::write_video(folder_ / ("videos/v" + std::to_string(i) + ".mkv"),
                           {"mpeg4", 160, 120, testing::at_rate(25, 150 + 50 * (i % 4))});
    }
  }

  [[nodiscard]] std::vector<std::string> extraction(const std::filesystem::path& store) const {
    return {"--quiet",    "extract", "--videos",         (folder_ / "videos").string(),
            "--store",    store,     "--model-2d",       "demo2d",
            "--model-3d", "demo3d",  "--random-weights", "--jobs",
            "2"};
  }

  /// Who is killed now; empty: there is none at the moment.
  static std::vector<pid_t> victims(const Program& program, const std::string& who) {
    if (who == "program") return {program.id()};
    const std::vector<pid_t> helpers = children({program.id()});
    if (who == "helper") return helpers;
    const std::vector<pid_t> keepers = children(helpers);
    return who == "keeper" ? keepers : children(keepers);
  }

  static constexpr int kVideos = 8;
  testing::TempFolder folder_;
  std::mt19937 random_{1};
};

TEST_P(KilledExtract, MarksNoSoundVideoAsFailedAndHoldsTheSameFeatures) {
  const std::string who = GetParam();
  if (testing::kSanitized && who == "helper") {
    GTEST_SKIP() << "a helper is forked again while threads run, which g++ 12's sanitizer leaves with its "
                    "allocator locked";
  }
  const int wanted = std::getenv("TVR_LONG_TESTS") != nullptr ? 50 : 2;
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(Program(folder_.path(), TVR_PIPELINE, extraction(folder_ / "whole.db")).wait().exit_code, 0);
  const auto whole_us =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
  const Digest whole = FeatureStore(folder_ / "whole.db").content_digest();
  int kills = 0, rounds = 0, ended = 0;
  for (; kills < wanted && rounds < 20 * wanted; ++rounds) {
    const std::filesystem::path store = folder_ / ("s" + std::to_string(rounds) + ".db");
    Program program(folder_.path(), TVR_PIPELINE, extraction(store));
    for (int i = 0; i < 3 && kills < wanted && program.is_running(); ++i) {
      std::this_thread::sleep_for(
          std::chrono::microseconds(random_() % static_cast<unsigned>(whole_us.count())) / 2);
      const std::vector<pid_t> candidates =
          program.is_running() ? victims(program, who) : std::vector<pid_t>{};
      if (candidates.empty()) continue;
      kills += ::kill(candidates[random_() % candidates.size()], SIGKILL) == 0 ? 1 : 0;
    }
    const int code = program.wait().exit_code;
    if (code != 0) {
      EXPECT_EQ(code, who == "program" ? 128 + SIGKILL : 1);
      ++ended;
      EXPECT_EQ(Program(folder_.path(), TVR_PIPELINE, extraction(store)).wait().exit_code, 0);
    }
    for (const OutcomeRow& row : StoreInspector(store).outcomes({}))
      EXPECT_EQ(row.status, "ok") << row.video << ": " << row.message;
    EXPECT_EQ(FeatureStore(store).content_digest(), whole);
  }
  std::printf("%d kills of a %s in %d extractions, of which %d ended and were started again\n", kills,
              who.c_str(), rounds, ended);
  EXPECT_EQ(kills, wanted);
}

INSTANTIATE_TEST_SUITE_P(Each, KilledExtract, ::testing::Values("decoder", "keeper", "helper", "program"));

}  // namespace
}  // namespace tvr
