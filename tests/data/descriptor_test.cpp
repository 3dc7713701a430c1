#include "data/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <utility>

#include "data/atomic_file.h"
#include "data/fingerprint.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

/// The lowest number that is free: what the next open() gives.
int next_free() {
  const Descriptor probe(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return probe.get();
}

TEST(Descriptor, ClosesWhatItOwnsOnce) {
  Descriptor first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = first.get();
  {
    const Descriptor second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Descriptor, ClosesTheOldOneWhenItIsGivenAnother) {
  Descriptor kept(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int old = kept.get();
  kept = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(kept);
  EXPECT_TRUE(is_open(kept.get()));
  EXPECT_FALSE(is_open(old));
}

TEST(Descriptor, OpensRegularFilesAlone) {
  const TempFolder folder;
  expect_error([&] { (void)open_regular(folder / "none"); }, Fault::NotFound, "No such file");
  expect_error([&] { (void)open_regular(folder.path()); }, Fault::Unsupported, "is a directory");
  const std::filesystem::path fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expect_error([&] { (void)open_regular(fifo); }, Fault::Unsupported, "not a regular file");
}

TEST(Descriptor, ReadsAsFarAsTheFileGoes) {
  const TempFolder folder;
  const Descriptor file = open_regular(testing::write_file(folder / "a", "five!"));
  std::array<char, 8> bytes{};
  EXPECT_EQ(status_of(file, "a").st_size, 5);
  EXPECT_EQ(read_all(file, bytes.data(), bytes.size(), "a"), 5u);
  EXPECT_STREQ(bytes.data(), "five!");
  expect_error([&] { (void)read_all(Descriptor(), bytes.data(), 1, "gone"); }, Fault::Unreadable, "gone");
}

TEST(Descriptor, StaysOpenNowhereWhenAConstructorThrows) {
  const TempFolder folder;
  const int free = next_free();
  expect_error([&] { (void)sha256_file(folder.path()); }, Fault::Unsupported, "is a directory");
  expect_error([&] { const AtomicFile file(folder / "none/a"); }, Fault::Unreadable, "cannot be created");
  expect_error(
      [&] {
        AtomicFile file(folder / "a");
        std::filesystem::create_directory(folder / "a");
        file.commit();
      },
      Fault::Unreadable, "cannot be renamed");
  expect_error([&] { const AtomicFile file(folder / "a"); }, Fault::Unsupported, "is a directory");
  std::filesystem::remove(folder / "a");
  EXPECT_EQ(next_free(), free);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Descriptor, ReplacesALinkRatherThanWritingThroughIt) {
  const TempFolder folder;
  const std::filesystem::path victim = testing::write_file(folder / "victim", "precious");
  std::filesystem::create_symlink(victim, folder / "linked");
  std::filesystem::create_hard_link(victim, folder / "hard");
  std::filesystem::create_symlink(folder / "not yet", folder / "dangling");
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  for (const char* name : {"linked", "hard", "dangling", "fifo", "new"}) {
    write_all(replace_by_empty(folder / name), "ours", name);
    EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(folder / name))) << name;
    EXPECT_EQ(std::filesystem::file_size(folder / name), 4U) << name;
  }
  EXPECT_EQ(std::filesystem::file_size(victim), 8U);
  EXPECT_FALSE(std::filesystem::exists(folder / "not yet"));
  expect_error([&] { (void)replace_by_empty(folder / "none/a"); }, Fault::Unreadable, "cannot be created");
}

TEST(Descriptor, CallsAFullDiskByItsName) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  expect_error([&] { write_all(full, "bytes", "result.bin"); }, Fault::Unreadable,
               "result.bin: cannot be written: no room on the disk");
  expect_error([&] { write_all(full, "bytes", "result.bin"); }, Fault::Unreadable, "Free disk space");
}

}  // namespace
}  // namespace tvr
