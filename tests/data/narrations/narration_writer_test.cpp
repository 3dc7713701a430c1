// An import that is killed and started again gives the same file, to the byte.
#include "data/narrations/narration_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "data/narrations/narration_file.h"
#include "tests/data/narrations/narration_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

constexpr std::uint64_t kVideos = 150;
constexpr std::size_t kLines = 10;  // of each: 30 MiB in all, with three marks

Narration narration_of(std::uint64_t video) {
  Narration narration = testing::narration_of(static_cast<std::uint32_t>(video), kLines);
  for (std::string& text : narration.text) text.append(20'000, static_cast<char>('a' + video % 26));
  return narration;
}

/// The source is the numbers of the videos.
void import_into(const std::filesystem::path& path, std::uint64_t end = kVideos,
                 const std::string& origin = "o") {
  NarrationWriter writer(path, origin);
  for (std::uint64_t i = writer.source_position(); i < end; ++i)
    writer.add("video" + std::to_string(i), narration_of(i), i + 1);
  if (end == kVideos) writer.finish();
}

class NarrationWriterTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const testing::TempFolder folder;
    import_into(folder / "whole.db");
    whole_ = bytes_of(folder / "whole.db");
  }
  [[nodiscard]] std::filesystem::path aside() const { return folder_ / ".n.db.importing"; }

  testing::TempFolder folder_;
  std::filesystem::path path_ = folder_ / "n.db";
  static inline std::string whole_;  // what an import gives that is not disturbed
};

TEST_F(NarrationWriterTest, GoesOnAfterTheLastMark) {
  import_into(path_, 130);
  EXPECT_FALSE(std::filesystem::exists(path_));
  {
    const NarrationWriter writer(path_, "o");
    EXPECT_GT(writer.source_position(), 60u);
    EXPECT_LE(writer.source_position(), 130u);
    EXPECT_EQ(writer.video_count(), static_cast<std::int64_t>(writer.source_position()));
    EXPECT_EQ(writer.line_count(), writer.video_count() * static_cast<std::int64_t>(kLines));
  }
  import_into(path_);
  EXPECT_TRUE(bytes_of(path_) == whole_);
  EXPECT_FALSE(std::filesystem::exists(aside()));
}

TEST_F(NarrationWriterTest, BeginsAnewWhenTheOriginIsAnother) {
  import_into(path_, 130, "another");
  EXPECT_EQ(NarrationWriter(path_, "o").source_position(), 0u);
  import_into(path_);
  EXPECT_TRUE(bytes_of(path_) == whole_);
}

/// What a machine leaves that lost its power: pieces that were never written, others that were.
TEST_F(NarrationWriterTest, TakesUpNothingThatIsDamaged) {
  import_into(path_, 130);
  const std::string left = bytes_of(aside());
  for (const double share : {0.0, 0.1, 0.45, 0.9, 0.999}) {
    std::string damaged = left;
    damaged[static_cast<std::size_t>(share * static_cast<double>(left.size()))] ^= 1;
    testing::write_file(aside(), damaged);
    import_into(path_);
    EXPECT_TRUE(bytes_of(path_) == whole_) << share;
  }
  testing::write_file(aside(), left.substr(0, left.size() / 2) + std::string(1 << 20, '\0'));
  import_into(path_);
  EXPECT_TRUE(bytes_of(path_) == whole_);
}

/// Also while the table is written, after which nothing of the source is left to be read.
TEST_F(NarrationWriterTest, FinishesAFileThatLacksOnlyItsEnd) {
  for (const std::size_t missing : {1, 100, 2000}) {
    testing::write_file(aside(), whole_.substr(0, whole_.size() - missing));
    EXPECT_EQ(NarrationWriter(path_, "o").source_position(), kVideos);
    import_into(path_);
    EXPECT_TRUE(bytes_of(path_) == whole_) << missing;
  }
}

TEST_F(NarrationWriterTest, KilledAtAnyMomentGivesTheSameBytes) {
  const int wanted = std::getenv("TVR_LONG_TESTS") != nullptr ? 50 : 5;
  const auto start = std::chrono::steady_clock::now();
  import_into(folder_ / "timed.db");
  const auto whole_us =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
  std::mt19937 random(1);
  int kills = 0;
  for (int round = 0; round < 20 * wanted && kills < wanted; ++round) {
    for (bool finished = false; !finished;) {
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        import_into(path_);
        _exit(0);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<unsigned>(whole_us)));
      kill(child, SIGKILL);
      int status = 0;
      waitpid(child, &status, 0);
      finished = WIFEXITED(status);
      kills += finished ? 0 : 1;
      if (kills >= wanted) import_into(path_), finished = true;
    }
    ASSERT_TRUE(bytes_of(path_) == whole_) << "after " << kills << " kills";
    std::filesystem::remove(path_);
  }
  EXPECT_GE(kills, wanted);
}

TEST_F(NarrationWriterTest, IsRefusedWhileAnotherWrites) {
  const NarrationWriter writer(path_, "o");
  testing::expect_error([&] { const NarrationWriter second(path_, "o"); }, Fault::Busy, "another program");
}

TEST_F(NarrationWriterTest, WritesThroughNoLink) {
  const std::filesystem::path precious = testing::write_file(folder_ / "precious", "keep");
  std::filesystem::create_symlink(precious, aside());
  import_into(path_);
  EXPECT_EQ(bytes_of(precious), "keep");
  EXPECT_TRUE(bytes_of(path_) == whole_);
  testing::expect_error([&] { const NarrationWriter writer(folder_ / "none" / "n.db", "o"); },
                        Fault::Unreadable, "Create its folder first");
}

TEST_F(NarrationWriterTest, StopsWhileItChecksWhatIsThere) {
  import_into(path_, 130);
  testing::expect_error(
      [&] { const NarrationWriter writer(path_, "o", [](const ProgressEvent&) { return false; }); },
      Fault::Interrupted, "Run it again");
  import_into(path_);
  EXPECT_TRUE(bytes_of(path_) == whole_);
}

}  // namespace
}  // namespace tvr
