#include "data/datasets/caption_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::IsEmpty;
using testing::TempFolder;
using testing::write_file;

/// As MSVD's file is: a header of comments, and each caption on a line of its own.
constexpr const char* kMsvd =
    "# MSVD\n#\n\nmv89psg6zh4_33_46 A bird in a sink, under a tap.\r\n"
    "-4wsuPCjDBc_5_15 a squirrel eats a peanut\nmv89psg6zh4_33_46 a parrot is bathing\n";
constexpr const char* kVatex =
    R"([{"videoID": "Ptf_2VRj-V0_000122_000132", "enCap": ["A man rides.", " Someone rides a camel "],
         "chCap": ["..."]}, {"videoID": "GONPDhjU-Is_000004_000014", "enCap": ["A cat"]}])";

std::vector<std::string> ids(const CaptionSet& set) {
  std::vector<std::string> list;
  for (const ClipRef& clip : set.clips) list.push_back(clip.video_id);
  return list;
}

TEST(Msvd, IsReadAsItIsDistributed) {
  const std::vector<VideoCaptions> videos = parse_msvd_text("a.txt", kMsvd);
  ASSERT_EQ(videos.size(), 2u);
  EXPECT_EQ(videos[0].video, "mv89psg6zh4_33_46");
  EXPECT_THAT(videos[0].captions, ElementsAre("A bird in a sink, under a tap.", "a parrot is bathing"));
  EXPECT_THAT(videos[1].captions, ElementsAre("a squirrel eats a peanut"));
}

TEST(Msvd, IsReadAsTheJsonThatItIsSharedAs) {
  const std::vector<VideoCaptions> videos =
      parse_caption_json("a.json", R"([{"id": "x_1_2.avi", "caption": ["one", "", "two"]}])");
  ASSERT_EQ(videos.size(), 1u);
  EXPECT_EQ(videos[0].video, "x_1_2");
  EXPECT_THAT(videos[0].captions, ElementsAre("one", "two"));
}

TEST(Msvd, TakesItsSplitsFromListsOfVideos) {
  const TempFolder folder;
  DatasetSpec spec;
  spec.annotations = write_file(folder / "AllVideoDescriptions.txt", kMsvd);
  spec.train = write_file(folder / "train_list.txt", "mv89psg6zh4_33_46\n");
  spec.test = write_file(folder / "test_list.txt", "-4wsuPCjDBc_5_15\n");
  EXPECT_EQ(format_of(spec).title, "MSVD");
  const DataSet data = read_dataset(spec);
  EXPECT_THAT(ids(data.train), ElementsAre("mv89psg6zh4_33_46"));
  EXPECT_EQ(data.train.captions.size(), 2u);
  EXPECT_EQ(data.test.captions.size(), 1u);
  spec.test = write_file(folder / "other.txt", "unknown_1_2\n");
  expect_error([&] { (void)read_dataset(spec); }, Fault::Mismatch, "1 videos without captions: unknown_1_2");
  spec.test = spec.train;
  expect_error([&] { (void)read_dataset(spec); }, Fault::Mismatch, "in both splits");
}

TEST(Msvd, WithoutListsHoldsOutAShareOfItsVideos) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 50; ++i) text += "v_" + std::to_string(i) + "_9 a caption\n";
  DatasetSpec spec;
  spec.annotations = write_file(folder / "a.txt", text);
  const DataSet data = read_dataset(spec);
  EXPECT_EQ(data.train.clips.size(), 40u);
  EXPECT_EQ(data.test.clips.size(), 10u);
  spec.test_only = true;
  EXPECT_THAT(ids(read_dataset(spec).train), IsEmpty());
}

TEST(Vatex, HasAFilePerSplit) {
  const TempFolder folder;
  DatasetSpec spec;
  spec.annotations = write_file(folder / "vatex_training_v1.0.json", kVatex);
  spec.test = write_file(folder / "test.json", R"([{"videoID": "a_000000_000010", "enCap": ["x"]}])");
  EXPECT_EQ(format_of(spec).title, "VATEX");
  const DataSet data = read_dataset(spec);
  EXPECT_THAT(ids(data.train), ElementsAre("Ptf_2VRj-V0_000122_000132", "GONPDhjU-Is_000004_000014"));
  EXPECT_EQ(data.train.captions[1].text, "Someone rides a camel");
  EXPECT_THAT(ids(data.test), ElementsAre("a_000000_000010"));
}

TEST(CaptionLists, NameThePlaceOfWhatIsWrong) {
  expect_error([] { (void)parse_msvd_text("a.txt", "# x\nv_1_2\n"); }, Fault::Corrupt, "a.txt:2");
  expect_error([] { (void)parse_msvd_text("a.txt", "v_1_2 \xff\n"); }, Fault::Unsupported, "not UTF-8");
  expect_error([] { (void)parse_msvd_text("a.txt", "# alone\n"); }, Fault::Corrupt, "has no caption");
  const auto json = [](const char* text) { (void)parse_caption_json("a.json", text); };
  expect_error([&] { json("{}"); }, Fault::Corrupt, "not a list of videos");
  expect_error([&] { json("[1]"); }, Fault::Corrupt, "[0]: it is not an object");
  expect_error([&] { json(R"([{"videoID": "a"}])"); }, Fault::Corrupt, "[0].enCap");
  expect_error([&] { json(R"([{"id": 3, "caption": []}])"); }, Fault::Corrupt, "[0].id");
  expect_error([&] { json(R"([{"id": "a", "caption": [1]}])"); }, Fault::Corrupt, "a caption is no text");
  expect_error([&] { json(R"([{"id": "../a", "caption": ["x"]}])"); }, Fault::Corrupt, "[0]");
}

TEST(CaptionLists, AreNotTakenForOtherFiles) {
  const TempFolder folder;
  EXPECT_FALSE(is_msvd(folder.path()));
  EXPECT_FALSE(is_msvd(write_file(folder / "a.csv", "video,caption\na,b\n")));
  EXPECT_FALSE(is_msvd(write_file(folder / "b.txt", "_1_2 x\n")));
  EXPECT_FALSE(is_vatex(write_file(folder / "c.json", R"([{"id": "a", "caption": ["x"]}])")));
  EXPECT_FALSE(is_msvd(write_file(folder / "d.json", kVatex)));
}

}  // namespace
}  // namespace tvr
