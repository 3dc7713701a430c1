#include "data/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::TempFolder;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::ptrdiff_t files_in(const TempFolder& folder) {
  return std::distance(std::filesystem::directory_iterator(folder.path()), {});
}

void write_whole(const std::filesystem::path& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

TEST(AtomicFile, WithoutCommitNothingHasHappened) {
  const TempFolder folder;
  write_whole(folder / "a", "old");
  { AtomicFile(folder / "a").write("half"); }
  EXPECT_EQ(text_of(folder / "a"), "old");
  EXPECT_EQ(files_in(folder), 1);
}

TEST(AtomicFile, TheNextWriteLeavesNothingOfAWriterThatWasKilled) {
  const TempFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder / "a");
    file.write("longer than what comes after it");
    raise(SIGKILL);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(files_in(folder), 1) << "of the killed one";
  write_whole(folder / "a", "whole");
  EXPECT_EQ(text_of(folder / "a"), "whole");
  EXPECT_EQ(files_in(folder), 1);
}

TEST(AtomicFile, WritersOfOneFileTakeTurns) {
  const TempFolder folder;
  std::atomic<bool> first_is_done{false};
  std::thread second;
  {
    AtomicFile first(folder / "a");
    first.write("first, and longer");
    second = std::thread([&] {
      AtomicFile file(folder / "a");
      EXPECT_TRUE(first_is_done);
      file.write("second");
      file.commit();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    first_is_done = true;
    first.commit();
  }
  second.join();
  EXPECT_EQ(text_of(folder / "a"), "second");
  EXPECT_EQ(files_in(folder), 1);
}

}  // namespace
}  // namespace tvr
