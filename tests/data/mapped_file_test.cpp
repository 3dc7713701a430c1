#include "data/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <list>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;

constexpr std::size_t kBytes = 1 << 20;

class MappedFileTest : public ::testing::Test {
 protected:
  MappedFileTest() { testing::write_file(path_, std::string(kBytes, 'x')); }

  TempFolder folder_;
  std::filesystem::path path_ = folder_ / "large.bin";
};

TEST_F(MappedFileTest, HasTheBytesOfTheFile) {
  const MappedFile file(path_);
  EXPECT_EQ(file.bytes(), std::string(kBytes, 'x'));
  EXPECT_NO_THROW(file.require_unchanged());
  testing::write_file(folder_ / "empty", "");
  const MappedFile empty(folder_ / "empty");
  EXPECT_TRUE(empty.bytes().empty());
  EXPECT_NO_THROW(empty.require_unchanged());
}

TEST_F(MappedFileTest, ThatIsCutReadsAsZerosAndSaysSo) {
  for (const std::uintmax_t left :
       {std::uintmax_t{0}, std::uintmax_t{4096}, std::uintmax_t{kBytes / 2 + 1}}) {
    testing::write_file(path_, std::string(kBytes, 'x'));
    const MappedFile file(path_);
    std::filesystem::resize_file(path_, left);
    const auto count = [&](char c) {
      return static_cast<std::size_t>(std::count(file.bytes().begin(), file.bytes().end(), c));
    };
    EXPECT_EQ(count('x'), left);
    EXPECT_EQ(count('\0'), kBytes - left);
    expect_error([&] { file.require_unchanged(); }, Fault::Unreadable, "changed or cut");
    const MappedFile again(path_);  // what it is now
    EXPECT_NO_THROW(again.require_unchanged());
  }
}

TEST_F(MappedFileTest, ThatIsCutAndWholeAgainStillSaysSo) {
  const MappedFile file(path_);
  std::filesystem::resize_file(path_, 0);
  EXPECT_EQ(file.bytes().back(), '\0');
  testing::write_file(path_, std::string(kBytes, 'x'));
  expect_error([&] { file.require_unchanged(); }, Fault::Unreadable, "large.bin");
}

TEST_F(MappedFileTest, ThatIsWrittenToSaysSo) {
  const MappedFile file(path_);
  std::fstream out(path_, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(kBytes / 2);
  out << "other" << std::flush;
  expect_error([&] { file.require_unchanged(); }, Fault::Unreadable, "changed or cut");
}

TEST_F(MappedFileTest, ThatIsReplacedStaysAsItWas) {
  const MappedFile file(path_);
  testing::write_file(folder_ / "new", "new");
  std::filesystem::rename(folder_ / "new", path_);
  EXPECT_EQ(file.bytes().back(), 'x');
  EXPECT_NO_THROW(file.require_unchanged());
}

TEST_F(MappedFileTest, OthersAreNotTouchedByOneThatIsCut) {
  testing::write_file(folder_ / "other", std::string(kBytes, 'y'));
  const MappedFile other(folder_ / "other"), file(path_);
  std::filesystem::resize_file(path_, 0);
  EXPECT_EQ(file.bytes().front(), '\0');
  EXPECT_EQ(other.bytes(), std::string(kBytes, 'y'));
  EXPECT_NO_THROW(other.require_unchanged());
}

TEST_F(MappedFileTest, MoreThan64AtOnceAreRefused) {
  std::list<MappedFile> files;
  expect_error(
      [&] {
        for (int i = 0; i < 65; ++i) files.emplace_back(path_);
      },
      Fault::Limit, "too many");
  EXPECT_GT(files.size(), 32U);
  files.clear();
  EXPECT_NO_THROW(MappedFile{path_});
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which handle SIGBUS themselves
TEST_F(MappedFileTest, ALostPageThatIsNotOursEndsTheProgramAsEver) {
  const auto read_what_was_cut = [&] {
    const MappedFile file(path_);  // the handler is there
    const Descriptor other = open_regular(path_);
    const auto* const mapped =
        static_cast<const volatile char*>(::mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE, other.get(), 0));
    std::filesystem::resize_file(path_, 0);
    static_cast<void>(mapped[kBytes - 1]);
  };
  EXPECT_EXIT(read_what_was_cut(), ::testing::KilledBySignal(SIGBUS), "");
}
#endif

}  // namespace
}  // namespace tvr
