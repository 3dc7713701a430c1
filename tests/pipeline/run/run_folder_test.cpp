#include "pipeline/run/run_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::TempFolder;

TEST(RunFolder, RemembersWhatAStepWasFinishedWith) {
  const TempFolder temp;
  RunFolder folder(temp / "run");
  testing::write_file(folder.words(), "words");
  EXPECT_FALSE(folder.is_fresh("words", "a", folder.words()));
  testing::write_file(folder.checkpoint(), "weights");
  folder.mark_done("words", "a", folder.words());
  folder.mark_done("train", "b", folder.checkpoint());
  EXPECT_TRUE(folder.is_fresh("words", "a", folder.words()));
  EXPECT_FALSE(folder.is_fresh("words", "b", folder.words()));
  std::filesystem::remove(folder.checkpoint());
  EXPECT_FALSE(folder.is_fresh("train", "b", folder.checkpoint())) << "its result is not there";
}

TEST(RunFolder, DoesAStepAgainWhoseResultIsDamaged) {
  const TempFolder temp;
  RunFolder folder(temp / "run");
  testing::write_file(folder.words(), "words");
  folder.mark_done("words", "a", folder.words());
  testing::write_file(folder.words(), "wordz");
  EXPECT_FALSE(folder.is_fresh("words", "a", folder.words()));
}

TEST(RunFolder, KnowsWhatItsTrainingStateWasBegunWith) {
  const TempFolder temp;
  RunFolder folder(temp / "run");
  folder.mark_begun("a");
  EXPECT_FALSE(folder.has_begun("a")) << "there is no state";
  testing::write_file(folder.state(), "state");
  EXPECT_TRUE(folder.has_begun("a"));
  EXPECT_FALSE(folder.has_begun("b"));
}

TEST(RunFolder, DoesAllStepsAgainWhereTheirListIsNoneAndWritesItAnew) {
  const TempFolder temp;
  RunFolder folder(temp / "run");
  testing::write_file(folder.words(), "words");
  for (const std::string& list :
       {std::string(300'000, '['), std::string("[1]"), std::string("{\"words\": 1}"),
        std::string("{\"words\": {\"a\": \"a\"}}"), std::string("\xff"), std::string()}) {
    testing::write_file(folder.path() / "steps.json", list);
    EXPECT_FALSE(folder.is_fresh("words", "a", folder.words()));
    folder.mark_done("words", "a", folder.words());
    EXPECT_TRUE(folder.is_fresh("words", "a", folder.words()));
  }
}

TEST(RunFolder, HasOneWriterByWhicheverName) {
  const TempFolder temp;
  const RunFolder folder(temp / "run");
  std::filesystem::create_directory_symlink(temp / "run", temp / "link");
  {
    const Descriptor lock = folder.lock();
    testing::expect_error([&] { (void)RunFolder(temp / "link").lock(); }, Fault::Busy, "another program");
  }
  EXPECT_TRUE(RunFolder(temp / "link").lock());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(RunFolder, WritesNoSeedThroughALink) {
  const TempFolder temp, elsewhere;
  const RunFolder folder(temp / "run");
  EXPECT_TRUE(std::filesystem::is_directory(folder.of_seed(2).path()));
  std::filesystem::create_directory_symlink(elsewhere.path(), folder.path() / "seed-3");
  testing::expect_error([&] { (void)folder.of_seed(3); }, Fault::Unsupported, "is a link");
}

TEST(RunFolder, DoesNotWaitForAFifoInPlaceOfAFile) {
  const TempFolder temp;
  const RunFolder folder(temp / "run");
  ASSERT_EQ(::mkfifo((folder.path() / "steps.json").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo(folder.metrics().c_str(), 0600), 0);
  EXPECT_FALSE(folder.is_fresh("words", "a", folder.path()));
  testing::expect_error([&] { (void)read_text(folder.metrics()); }, Fault::Unsupported, "FIFO");
}

}  // namespace
}  // namespace tvr
