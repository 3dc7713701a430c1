#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "../support/temp_folder.h"
#include "model/random.h"

namespace tvr {
namespace {

using Clock = std::chrono::steady_clock;

pid_t start(const std::filesystem::path& state, const std::filesystem::path& checkpoint) {
  const pid_t child = fork();
  if (child == 0) {
    execl(TVR_TRAIN_HELPER, TVR_TRAIN_HELPER, state.c_str(), checkpoint.c_str(), nullptr);
    _exit(127);
  }
  return child;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Training, KilledTwentyTimesAtAnyMomentGivesTheBytesOfAnUndisturbedRun) {
  const testing::TempFolder folder;
  int status = 0;
  const Clock::time_point begin = Clock::now();
  waitpid(start(folder / "state", folder / "whole.pth"), &status, 0);
  ASSERT_EQ(status, 0);
  const auto whole_us = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
  const std::string whole = bytes_of(folder / "whole.pth");

  const CounterRandom random(static_cast<std::uint64_t>(getpid()), RandomUse::Bootstrap);
  int kills = 0, with_state = 0, finished = 0;
  for (std::uint64_t run = 0; kills < 20 || finished == 0; ++run) {
    const pid_t child = start(folder / "killed state", folder / "killed.pth");
    if (kills < 20) {
      std::this_thread::sleep_for(
          std::chrono::microseconds(random.below(static_cast<std::uint64_t>(whole_us), run)));
      kill(child, SIGKILL);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
      ++kills;
      with_state += std::filesystem::exists(folder / "killed state") ? 1 : 0;
      continue;
    }
    ASSERT_EQ(status, 0);
    ASSERT_EQ(bytes_of(folder / "killed.pth"), whole) << "after " << kills << " kills";
    ++finished;
    std::filesystem::remove(folder / "killed state");
    std::filesystem::remove(folder / "killed.pth");
  }
  EXPECT_EQ(kills, 20);
  EXPECT_GT(with_state, 0);
  RecordProperty("kills_with_a_state", with_state);
  RecordProperty("runs_finished", finished);
}

}  // namespace
}  // namespace tvr
