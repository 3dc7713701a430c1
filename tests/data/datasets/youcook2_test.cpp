#include "data/datasets/youcook2.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "data/datasets/datasets.h"
#include "data/datasets/video_id.h"
#include "data/fingerprint.h"
#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using testing::expect_error;
using ::testing::HasSubstr;
using testing::TempFolder;
using testing::write_file;

std::string segment(int start, int end, const std::string& sentence) {
  return fmt::format(R"({{"segment": [{}, {}], "id": 0, "sentence": "{}"}})", start, end, sentence);
}
std::string video(const std::string& id, const std::string& subset, const std::string& segments) {
  return fmt::format(
      R"("{}": {{"duration": 241.62, "subset": "{}", "recipe_type": "113", "annotations": [{}]}})", id,
      subset, segments);
}

/// Two training and three validation videos; RubyHelAHBE is one of those that HowTo100M has, too. A clip of
/// "-w" is there twice, as one is in the real file.
const std::string kJson =
    R"({"database": {)" +
    video("t_1", "training", segment(90, 102, "spread margarine") + ", " + segment(102, 102, "")) + ", " +
    video("t2", "training", segment(1, 3, "cut")) + ", " +
    video("-w", "validation", segment(120, 252, "mix it") + ", " + segment(120, 252, "stir it")) + ", " +
    video("v2", "validation", segment(0, 5, "mix it")) + ", " +
    video("RubyHelAHBE", "validation", segment(0, 5, "a") + ", " + segment(5, 9, "b")) + "}}";

class YouCook2 : public ::testing::Test {
 protected:
  DatasetSpec spec(const std::string& content) const {
    DatasetSpec spec;
    spec.annotations = write_file(folder_ / "annotations", content);
    return spec;
  }
  void expect_refused(const std::string& content, const std::string& phrase) const {
    SCOPED_TRACE(phrase);
    DatasetSpec wrong = spec(content);
    wrong.format = content.substr(0, 1) == "{" ? "youcook2" : "youcook2-csv";
    expect_error([&] { (void)read_dataset(wrong); }, Fault::Corrupt, phrase);
  }
  const TempFolder folder_;
};

TEST_F(YouCook2, SegmentsAreClipsOfTheirOwnWithinVideos) {
  EXPECT_EQ(format_of(spec(kJson)).name, "youcook2");
  DataSet data = read_dataset(spec(kJson));
  EXPECT_EQ(data.name, "YouCook2");
  ASSERT_EQ(data.train.clips.size(), 3u);
  ASSERT_EQ(data.test.clips.size(), 3u);
  EXPECT_TRUE(data.val.empty());
  EXPECT_TRUE(data.train.by_reference && data.test.by_reference);
  EXPECT_EQ(data.test.clips[0].video_id, "%2Dw");
  EXPECT_EQ(data.test.clips[1].span, (TimeSpan{seconds(120), seconds(252)}));
  EXPECT_EQ(data.test.captions[1].text, "stir it");
  EXPECT_EQ(data.test.captions[1].clip, 1);
  EXPECT_THAT(data.notes, Contains("train: 1 clips have no text and so no words"));
  EXPECT_THAT(data.notes, Contains("test: 1 captions are identical for more than one clip"));
  EXPECT_THAT(data.notes, Contains(HasSubstr("test: 1 validation videos with 2 clips are left out")));

  resolve_video_ids(data, {{"validation/113/%2Dw", {}}, {"x/t2", {}}, {"x/t_1", {}}});
  EXPECT_EQ(data.test.clips.size(), 2u) << "both captions of one part of a video keep their clip";
  hold_out_validation(data, 0.5, 1);
  EXPECT_TRUE(data.val.by_reference);
}

TEST_F(YouCook2, ListsChooseOtherVideos) {
  DatasetSpec all = spec(kJson);
  all.test = write_file(folder_ / "val_list.txt", "405/-w\r\n405/v2\n\n113/RubyHelAHBE\n");
  all.train = write_file(folder_ / "train_list.txt", "video_id\nt2\nt2\n");
  const DataSet data = read_dataset(all);
  EXPECT_EQ(data.test.clips.size(), 5u);
  EXPECT_EQ(data.train.clips.size(), 1u);
  EXPECT_EQ(files_of(all).size(), 3u);

  all.test = write_file(folder_ / "a.txt", "1/t2\n");
  expect_error([&] { (void)read_dataset(all); }, Fault::Mismatch, "both splits train and test: t2");
  all.test = write_file(folder_ / "b.txt", "1/nowhere\n");
  expect_error([&] { (void)read_dataset(all); }, Fault::Mismatch, "lists 1 videos that are not in");
  all.test = write_file(folder_ / "c.txt", "\n");
  expect_error([&] { (void)read_dataset(all); }, Fault::Corrupt, "lists no video");
  all.test.clear();
  all.test_only = true;
  all.train.clear();
  EXPECT_TRUE(read_dataset(all).train.empty());
}

TEST_F(YouCook2, ThatIsDamagedIsRefusedByPlace) {
  expect_refused("{\"database\": {,", "it is not JSON");
  expect_refused(R"({"data": {}})", "the file has no 'database'");
  expect_refused(R"({"database": []})", "the file.database must be an object, is array");
  expect_refused(R"({"database": {"a": 1}})", "database.a must be an object");
  expect_refused(R"({"database": {"a": {}}})", "database.a has no 'subset'");
  expect_refused("{\"database\": {" + video("a", "test", "") + "}}", "database.a has the subset 'test'");
  expect_refused("{\"database\": {" + video("../a", "training", "") + "}}", "database.../a");
  expect_refused("{\"database\": {" + video("a", "training", "") + "," + video("a", "training", "") + "}}",
                 "the video 'a' is there twice");
  const auto annotation = [](const std::string& text) {
    return "{\"database\": {" + video("a", "training", segment(1, 2, "x") + "," + text) + "}}";
  };
  expect_refused(annotation("5"), "database.a.annotations[1] must be an object");
  expect_refused(annotation(R"({"sentence": "x"})"), "database.a.annotations[1] has no 'segment'");
  for (const char* times : {"[1]", "[2, 1]", "[-1, 2]", "[0, 1e10]", "[\"0\", 1]", "[0, 1, 2]"})
    expect_refused(annotation(fmt::format(R"({{"segment": {}, "sentence": "x"}})", times)),
                   "database.a.annotations[1].segment must be [start, end] in seconds");
  expect_refused(annotation(R"({"segment": [0, 1], "sentence": null})"),
                 "sentence must be a string, is null");
  expect_refused("{\"database\": " + std::string(100, '[') + std::string(100, ']') + "}", "nested deeper");
}

constexpr const char* kCsv =
    "end,start,task,text,video_id\n60,47,226,pick the ends,xH_1\n60,47,226,\"cut, mix\",-H\n";

TEST_F(YouCook2, TestClipsMayComeFromACsv) {
  EXPECT_EQ(format_of(spec(kCsv)).name, "youcook2-csv");
  const DataSet data = read_dataset(spec(kCsv));
  EXPECT_TRUE(data.train.empty());
  ASSERT_EQ(data.test.clips.size(), 2u);
  EXPECT_EQ(data.test.clips[0].span, (TimeSpan{seconds(47), seconds(60)}));
  EXPECT_EQ(data.test.clips[1].video_id, "%2DH");
  EXPECT_EQ(data.test.captions[1].text, "cut, mix");
  DatasetSpec listed = spec(kCsv);
  listed.test = listed.annotations;
  expect_error([&] { (void)read_dataset(listed); }, Fault::InvalidArgument, "--test");
}

TEST_F(YouCook2, ACsvThatIsDamagedIsRefusedByLine) {
  const std::string header = "end,start,text,video_id\n";
  expect_refused(header + "60,47,x,a\n60,late,x,a\n", "annotations:3: 'late' is not a time");
  expect_refused(header + "46,47,x,a\n", "annotations:2: the clip ends at 46 s, before its start at 47 s");
  expect_refused(header + "60,47,x,\n", "the cell 'video_id' is empty");
  expect_refused(header + "60,nan,x,a\n", "'nan' is not a time");
  expect_refused(header, "has no clip");
}

/// "video TAB start TAB end TAB text" of each clip, sorted.
std::string sorted_lines(const CaptionSet& set) {
  std::vector<std::string> lines;
  for (const Caption& caption : set.captions) {
    const ClipRef& clip = set.clips[static_cast<std::size_t>(caption.clip)];
    lines.push_back(fmt::format("{}\t{}\t{}\t{}\n", video_name(clip.video_id),
                                clip.span->start.count() / 1'000'000, clip.span->end.count() / 1'000'000,
                                caption.text));
  }
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, ""));
}

TEST(YouCook2Files, AsPublishedGiveThe3350ClipsOfThePublishedFigures) {
  TVR_NEEDS_SHARED("corpus/youcook2");
  DatasetSpec spec;
  spec.annotations = testing::shared_data("corpus/youcook2/youcookii_annotations_trainval.json");
  DataSet data = read_dataset(spec);
  EXPECT_EQ(data.train.clips.size(), 10'337u);
  ASSERT_EQ(data.test.clips.size(), 3'350u);
  EXPECT_THAT(data.notes, Contains(HasSubstr("21 validation videos with 142 clips are left out")));
  const std::string sorted = sorted_lines(data.test);
  EXPECT_EQ(sha256(sorted), "9475ba795947e2d1155cf640193d6280c702a7f7f173e2161853d34a0651a737");
  spec.test = testing::shared_data("corpus/youcook2/val_list.txt");
  spec.train = testing::shared_data("corpus/youcook2/train_list.txt");
  data = read_dataset(spec);
  EXPECT_EQ(data.train.clips.size(), 10'337u);
  EXPECT_EQ(data.test.clips.size(), 3'492u);
  DatasetSpec csv;
  csv.annotations = testing::shared_data("corpus/youcook2/validation_youcook.csv");
  EXPECT_EQ(sha256(sorted_lines(read_dataset(csv).test)), sha256(sorted));
}

}  // namespace
}  // namespace tvr
