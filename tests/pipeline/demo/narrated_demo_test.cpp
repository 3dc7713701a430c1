#include "pipeline/demo/narrated_demo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/datasets/crosstask.h"
#include "data/datasets/datasets.h"
#include "data/narrations/narration_source.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::TempFolder;

std::map<std::string, Narration> narrations_in(const fs::path& file) {
  std::map<std::string, Narration> narrations;
  const std::unique_ptr<NarrationSource> source = open_narrations(file);
  NarratedVideo video;
  while (source->next(video)) narrations.emplace(video.id, video.narration);
  return narrations;
}

/// Four narrated videos, two with captions, four of one task.
class NarratedDemo : public ::testing::Test {
 protected:
  // Drawing takes seconds: the videos are there, as far as the generator can see.
  void SetUp() override {
    NarratedDemoOptions options;
    options.videos = 4;
    expect_error(
        [&] {
          (void)write_narrated_demo(folder_ / "demo", options, [](const ProgressEvent&) { return false; });
        },
        Fault::Interrupted, "of 10 demo videos are done");
    for (const std::string& id : kIds) {
      const fs::path path = folder_ / "demo" / "videos" / (id + ".mp4");
      if (!fs::exists(path)) fs::copy_file(some_video(), path);
    }
    files_ = write_narrated_demo(folder_ / "demo", options, {});
  }

  [[nodiscard]] fs::path some_video() const {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_ / "demo" / "videos"))
      if (entry.path().extension() == ".mp4") return entry.path();
    return {};
  }

  static inline const std::vector<std::string> kIds = {"narrated0",  "narrated1",  "narrated2", "narrated3",
                                                       "captioned0", "captioned1", "task0",     "task1",
                                                       "task2",      "task3"};
  TempFolder folder_;
  NarratedDemoFiles files_;
};

TEST_F(NarratedDemo, IsReadByTheReadersOfItsFormats) {
  for (const std::string& id : kIds) EXPECT_TRUE(fs::exists(files_.videos / (id + ".mp4"))) << id;

  const auto narrations = narrations_in(files_.narrations);
  ASSERT_EQ(narrations.size(), 4U);
  for (const auto& [id, narration] : narrations) {
    EXPECT_GE(narration.size(), 8) << id;
    EXPECT_TRUE(std::is_sorted(narration.start.begin(), narration.start.end())) << id;
    bool overlaps = false;
    for (std::size_t i = 1; i < narration.start.size(); ++i)
      overlaps = overlaps || narration.start[i] < narration.end[i - 1];
    EXPECT_TRUE(overlaps) << id;
  }

  const DataSet captions = read_captions(files_.captions, {});
  EXPECT_EQ(captions.train.clips.size(), 16U);
  EXPECT_EQ(captions.train.captions.size(), 32U);
  EXPECT_EQ(captions.test.clips.size(), 16U);
  std::set<std::string> texts;
  for (const Caption& caption : captions.test.captions) texts.insert(caption.text);
  EXPECT_EQ(texts.size(), 16U) << "no scene is there twice";

  const CrossTask tasks = read_crosstask(files_.crosstask);
  ASSERT_EQ(tasks.tasks.size(), 1U);
  EXPECT_EQ(tasks.tasks[0].steps.size(), 4U);
  ASSERT_EQ(tasks.videos.size(), 4U);
  for (const CrossTaskVideo& video : tasks.videos) {
    const auto steps = read_crosstask_annotation(files_.crosstask, video, 4);
    ASSERT_TRUE(steps.has_value());
    ASSERT_EQ(steps->size(), 4U) << video.name;
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ((*steps)[i].step, static_cast<std::int32_t>(i));
      EXPECT_GE((*steps)[i].end_s - (*steps)[i].start_s, 5);
      if (i > 0) {
        EXPECT_GE((*steps)[i].start_s, (*steps)[i - 1].end_s);
      }
    }
  }
}

TEST_F(NarratedDemo, DealsEachNarrationToAnotherVideo) {
  const auto narrations = narrations_in(files_.narrations), dealt = narrations_in(files_.dealt);
  std::multiset<std::vector<std::string>> texts, dealt_texts;
  for (const auto& [id, narration] : narrations) {
    EXPECT_NE(narration.text, dealt.at(id).text) << id;
    texts.insert(narration.text);
    dealt_texts.insert(dealt.at(id).text);
  }
  EXPECT_EQ(texts, dealt_texts);
}

TEST_F(NarratedDemo, KeepsToItsFolder) {
  NarratedDemoOptions other;
  other.videos = 5;
  expect_error([&] { (void)write_narrated_demo(folder_ / "demo", other, {}); }, Fault::Mismatch,
               "a demo with other options");
  other.videos = 3;
  expect_error([&] { (void)write_narrated_demo(folder_ / "new", other, {}); }, Fault::InvalidArgument,
               "not between 4 and 10000");
}

}  // namespace
}  // namespace tvr
