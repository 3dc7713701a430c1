#include "data/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "tests/support/expect_error.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

using testing::expect_error;
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

TEST(AtomicFile, ANewFileTakesNobodysName) {
  const TempFolder folder;
  AtomicFile first(folder / "a"), second(folder / "a");
  first.write("first");
  second.write("second");
  EXPECT_TRUE(first.commit_new());
  EXPECT_FALSE(second.commit_new());
  EXPECT_EQ(text_of(folder / "a"), "first");
  std::filesystem::create_symlink("nowhere", folder / "link");
  {
    AtomicFile file(folder / "link");
    file.write("text");
    EXPECT_FALSE(file.commit_new());
  }
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
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

TEST(AtomicFile, WhereItCannotBeNamelessItHasARandomNameUntilCommit) {
  const TempFolder folder;
  write_whole(folder / "a", "old");
  const testing::ChildReport report = testing::in_child([&]() -> std::string {
    // A root folder without /proc, through which a nameless file gets its name.
    if (::geteuid() != 0 && ::unshare(CLONE_NEWUSER) != 0) return "not allowed";
    if (::chroot(folder.path().c_str()) != 0 || ::chdir("/") != 0) return "not allowed";
    const auto names = [] {
      return std::distance(std::filesystem::directory_iterator("/"), std::filesystem::directory_iterator());
    };
    {
      AtomicFile half("/a");
      half.write("half");
      if (names() != 2 || half.aside().find(".writing") == std::string::npos) return "has no random name";
    }
    if (names() != 1 || text_of("/a") != "old") return "leaves something behind";
    std::filesystem::create_symlink("/a", "/link");
    write_whole("/link", "whole");
    if (names() != 2 || text_of("/a") != "old") return "writes through a link";
    return text_of("/link");
  });
  if (report.text == "not allowed") GTEST_SKIP() << "needs a root folder of its own";
  EXPECT_EQ(report.text, "whole");
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

TEST(AtomicFile, LeavesFoldersFifosAndOpenFilesInTheirPlace) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "folder");
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink(folder / "fifo", folder / "link to it");
  std::filesystem::create_symlink("/dev/null", folder / "device");
  const std::string open_file = "/proc/self/fd/" + std::to_string(STDOUT_FILENO);
  std::filesystem::create_symlink(open_file, folder / "stdout");
  expect_error([&] { AtomicFile(folder / "folder"); }, Fault::Unsupported, "is a directory");
  for (const char* name : {"fifo", "link to it", "device", "stdout"})
    expect_error([&] { AtomicFile(folder / name); }, Fault::Unsupported, "FIFO");
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "fifo"));
  EXPECT_EQ(std::filesystem::read_symlink(folder / "stdout"), open_file);
  EXPECT_EQ(files_in(folder), 5);
}

TEST(AtomicFile, SaysThatTheFolderIsMissing) {
  const TempFolder folder;
  expect_error([&] { AtomicFile(folder / "none/a"); }, Fault::Unreadable, "Create its folder first");
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
