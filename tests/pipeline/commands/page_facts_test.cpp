#include "pipeline/commands/page_facts.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/expect_error.h"
#include "tests/support/planted_run.h"
#include "tests/support/run_searcher.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_video.h"

namespace tvr {
namespace {

using testing::TempFolder;

/// A run of words 0 "red", 1 "green", 2 "dog", 3 "cat" with captions of each video.
class PageFactsOfARun : public ::testing::Test {
 protected:
  PageFactsOfARun() {
    run_.add_video("a/dog", {2, 2});
    run_.add_video("a/cat", {3, 3});
    run_.add_video("b/green", {1, 1});
    testing::write_file(folder_ / "captions.csv",
                        "video,caption,split\na/dog,a dog,test\na/dog,the dog,test\na/cat,dog cat,test\n"
                        "b/green,green,train\n");
    service_ = std::make_unique<SearchService>(
        std::unique_ptr<Searcher>(new Searcher(testing::searcher_of(run_.run()))));
  }

  TempFolder folder_;
  testing::PlantedRun run_{folder_.path()};
  std::unique_ptr<SearchService> service_;
};

TEST_F(PageFactsOfARun, AreItsCaptionsSentencesToTryAndTheScoreOfWrongVideos) {
  const PageFacts facts = page_facts(run_.run(), *service_);
  ASSERT_EQ(facts.captions.size(), 3U);
  EXPECT_EQ(facts.captions.at("a/dog")[1].text, "the dog");
  EXPECT_EQ(facts.captions.at("b/green")[0].text, "green");
  EXPECT_EQ(facts.sentences, (std::vector<std::string>{"a dog", "the dog", "dog cat"}));
  ASSERT_TRUE(facts.weak_below);
  // "a dog" and "the dog" fit no wrong video, "dog cat" half fits the dog: the median is that of the former.
  EXPECT_NEAR(*facts.weak_below, 0, 1e-5);
}

TEST_F(PageFactsOfARun, AreNoneWhereTheCaptionsAreNotThere) {
  std::filesystem::remove(folder_ / "captions.csv");
  const PageFacts facts = page_facts(run_.run(), *service_);
  EXPECT_TRUE(facts.captions.empty());
  EXPECT_TRUE(facts.sentences.empty());
  EXPECT_FALSE(facts.weak_below);
  EXPECT_TRUE(page_facts({}, *service_).captions.empty()) << "an index has no run";
}

TEST_F(PageFactsOfARun, FindTheFilesOfAFolderByTheVideosNames) {
  const std::filesystem::path videos = folder_ / "videos";
  std::filesystem::create_directories(videos / "deeper/a");
  for (const char* const name : {"deeper/a/dog.mkv", "cat.mkv", "else.mkv"})
    testing::write_video(videos / name, {"ffv1", 64, 48, testing::at_rate(1, 2)});
  const VideoFiles files = files_below(videos, *service_->index());
  EXPECT_EQ(files, (VideoFiles{{"a/dog", videos / "deeper/a/dog.mkv"}, {"a/cat", videos / "cat.mkv"}}));
  std::filesystem::create_directories(folder_ / "none");
  testing::expect_error([&] { (void)files_below(folder_ / "none", *service_->index()); }, Fault::NotFound,
                        "no video files");
}

}  // namespace
}  // namespace tvr
