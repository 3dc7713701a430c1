#include "data/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

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

TEST(AtomicFile, AKilledWriterLeavesNothing) {
  const TempFolder folder;
  const Descriptor nameless(::open(folder.path().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!nameless) GTEST_SKIP() << "this file system has no nameless files";
  write_whole(folder / "a", "old");
  const pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder / "a");
    file.write("longer than what comes after it");
    raise(SIGKILL);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(text_of(folder / "a"), "old");
  EXPECT_EQ(files_in(folder), 1);
  write_whole(folder / "a", "whole");
  EXPECT_EQ(text_of(folder / "a"), "whole");
}

TEST(AtomicFile, OfTwoWritersOfOneNameTheLastToCommitWinsWhole) {
  const TempFolder folder;
  AtomicFile first(folder / "a"), second(folder / "a");
  first.write("first, and ");
  second.write("second");
  first.write("longer");
  first.commit();
  EXPECT_EQ(text_of(folder / "a"), "first, and longer");
  second.commit();
  EXPECT_EQ(text_of(folder / "a"), "second");
  EXPECT_EQ(files_in(folder), 1);
}

TEST(AtomicFile, TakesThePlaceOfALinkAndWritesThroughNone) {
  const TempFolder folder, elsewhere;
  write_whole(elsewhere / "victim", "precious");
  std::filesystem::create_symlink(elsewhere / "victim", folder / "a");
  std::filesystem::create_symlink(elsewhere / "victim", folder / "a.writing");
  std::filesystem::create_symlink(elsewhere / "not yet", folder / "b");
  for (const char* name : {"a", "b"}) write_whole(folder / name, "ours");
  EXPECT_EQ(text_of(elsewhere / "victim"), "precious");
  EXPECT_EQ(files_in(elsewhere), 1);
  EXPECT_EQ(text_of(folder / "a"), "ours");
  EXPECT_EQ(text_of(folder / "b"), "ours");
}

TEST(AtomicFile, TakesANameAsLongAsNamesCanBe) {
  const TempFolder folder;
  write_whole(folder / std::string(255, 'n'), "ours");
  EXPECT_EQ(text_of(folder / std::string(255, 'n')), "ours");
}

TEST(AtomicFile, GivesALibraryAPathToWriteTo) {
  const TempFolder folder;
  AtomicFile file(folder / "a");
  std::ofstream(file.aside()) << "by a library";
  EXPECT_EQ(text_of(file.aside()), "by a library");
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  file.commit();
  EXPECT_EQ(text_of(folder / "a"), "by a library");
}

}  // namespace
}  // namespace tvr
