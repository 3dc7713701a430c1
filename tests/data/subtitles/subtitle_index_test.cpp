#include "data/subtitles/subtitle_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "data/error.h"
#include "data/store/sqlite.h"
#include "data/text_file.h"
#include "tests/support/mutate.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempFolder;

class SubtitleIndexTest : public ::testing::Test {
 protected:
  /// A video's file, with what is said from its first second on, a line a second.
  void add(const std::string& video, const std::vector<std::string>& lines,
           const std::string& ending = ".srt") {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      text += "00:00:0" + std::to_string(i) + ",000 --> 00:00:0" + std::to_string(i + 1) + ",000\n" +
              lines[i] + "\n\n";
    }
    testing::write_file(folder_ / ("videos/" + video + ending), text);
    videos_.push_back({video, folder_ / ("videos/" + video + ".mp4")});
  }
  std::vector<std::string> ids(const SubtitleIndex& index, const std::string& sentence) {
    std::vector<std::string> found;
    for (const SubtitleHit& hit : index.search(sentence, 10)) found.push_back(hit.video);
    return found;
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "subtitles.db"; }

  TempFolder folder_;
  std::vector<VideoSource> videos_;
};

TEST_F(SubtitleIndexTest, FindsTheLineThatSaysIt) {
  add("a/1", {"first slice the onions", "then fry them"});
  add("b", {"a dog barks", "it is frying eggs"}, ".en.vtt");
  SubtitleIndex index(file());
  EXPECT_THAT(index.update(videos_), IsEmpty());
  const std::vector<SubtitleHit> hits = index.search("onions", 10);
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_EQ(hits[0].video, "a/1");
  EXPECT_EQ(hits[0].span, (TimeSpan{Micros(0), Micros(1'000'000)}));
  EXPECT_EQ(hits[0].text, "first slice the onions");
  EXPECT_THAT(ids(index, "to fry an egg"), ElementsAre("b", "a/1")) << "by stems, the more words the better";
  EXPECT_THAT(ids(index, "zebra"), IsEmpty());
}

TEST_F(SubtitleIndexTest, TakesNoWordForAnOperator) {
  add("a", {"near the river and not the column"});
  SubtitleIndex index(file());
  (void)index.update(videos_);
  for (const char* const sentence : {"NEAR(river", "text:river", "river\" OR \"", "NOT AND river*", "^river"})
    EXPECT_THAT(ids(index, sentence), ElementsAre("a")) << sentence;
  EXPECT_THAT(ids(index, " \"*()^:-' "), IsEmpty());
  EXPECT_THAT(ids(index, ""), IsEmpty());
}

TEST_F(SubtitleIndexTest, HasNoFileWhereThereAreNoSubtitles) {
  SubtitleIndex index(file());
  EXPECT_THAT(index.update({{"a", folder_ / "a.mp4"}}), IsEmpty());
  EXPECT_TRUE(index.is_empty());
  EXPECT_THAT(index.search("a dog", 10), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(SubtitleIndexTest, FollowsWhatIsChangedAddedAndRemoved) {
  add("a", {"onions"});
  add("b", {"garlic"});
  { (void)SubtitleIndex(file()).update(videos_); }
  SubtitleIndex index(file());
  EXPECT_THAT(ids(index, "garlic"), ElementsAre("b")) << "kept in the file";
  add("c", {"onions with salt"});
  testing::write_file(folder_ / "videos/a.srt", "00:00:01,000 --> 00:00:02,000\npepper instead\n");
  std::filesystem::remove(folder_ / "videos/b.srt");
  (void)index.update(videos_);
  EXPECT_THAT(ids(index, "onions"), ElementsAre("c"));
  EXPECT_THAT(ids(index, "pepper"), ElementsAre("a"));
  EXPECT_THAT(ids(index, "garlic"), IsEmpty());
  (void)index.update({videos_[0]});
  EXPECT_THAT(ids(index, "onions"), IsEmpty()) << "of no video that is searched";
  std::filesystem::remove_all(folder_ / "videos");
  (void)index.update({videos_[0]});
  EXPECT_THAT(ids(index, "pepper"), ElementsAre("a")) << "the videos are elsewhere";
}

TEST_F(SubtitleIndexTest, TakesSubtitlesFromAFolderByTheVideosName) {
  testing::write_file(folder_ / "captions/pika/0027.csv", "start,end,text\n1.5,3,\"slice, then fry\"\n");
  SubtitleIndex index(file());
  (void)index.update({{"pika/0027", "/elsewhere/x.mp4"}}, folder_ / "captions");
  EXPECT_THAT(ids(index, "slices"), ElementsAre("pika/0027"));
}

TEST_F(SubtitleIndexTest, TellsALanguageFromAPartOfTheName) {
  add("talk", {"onions"}, ".pt-BR.srt");
  add("talk.2", {"garlic"});
  SubtitleIndex index(file());
  (void)index.update(videos_);
  EXPECT_THAT(ids(index, "onions garlic"), ::testing::UnorderedElementsAre("talk", "talk.2"));
}

TEST_F(SubtitleIndexTest, NamesFilesThatCannotBeReadAndTakesTheOthers) {
  add("a", {"onions"});
  testing::write_file(folder_ / "videos/a.de.srt", "nothing");
  SubtitleIndex index(file());
  const std::vector<std::string> faults = index.update(videos_);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_THAT(faults[0], HasSubstr("a.de.srt"));
  EXPECT_THAT(ids(index, "onions"), ElementsAre("a"));
}

TEST_F(SubtitleIndexTest, MakesAForeignFileAnew) {
  add("a", {"onions"});
  testing::write_file(file(), "no database");
  {
    SubtitleIndex index(file());
    (void)index.update(videos_);
    EXPECT_THAT(ids(index, "onions"), ElementsAre("a"));
  }
  {
    Database crafted(file(), Database::Open::ReadWrite);
    crafted.run("CREATE VIEW evil AS SELECT randomblob(1000000000)");
  }
  SubtitleIndex index(file());
  EXPECT_TRUE(index.is_empty());
  (void)index.update(videos_);
  EXPECT_THAT(ids(index, "onions"), ElementsAre("a"));
}

TEST_F(SubtitleIndexTest, OfADamagedFileGivesLinesOrWords) {
  add("a", {"onions", "garlic", "salt"});
  { (void)SubtitleIndex(file()).update(videos_); }
  const std::string bytes = read_text_file(file());
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    testing::write_file(file(), testing::mutate(bytes, random));
    try {
      SubtitleIndex index(file());
      (void)index.update(videos_);
      (void)index.search("onions and salt", 10);
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
}

TEST_F(SubtitleIndexTest, IsInMemoryWhereItsFolderCannotBeWritten) {
  add("a", {"onions"});
  SubtitleIndex index(folder_ / "not there/subtitles.db");
  (void)index.update(videos_);
  EXPECT_THAT(ids(index, "onions"), ElementsAre("a"));
}

}  // namespace
}  // namespace tvr
