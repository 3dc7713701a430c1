#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "data/datasets/datasets.h"
#include "tests/support/expect_error.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::Contains;
using testing::expect_error;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempFolder;
using testing::write_file;

/// Four videos, two captions each, split by the JSON: v0 v1 train, v2 validate, v3 test.
class Msrvtt : public ::testing::Test {
 protected:
  Msrvtt() {
    std::string videos, sentences;
    const std::vector<std::string> splits = {"train", "train", "validate", "test"};
    for (int i = 0; i < 4; ++i) {
      const std::string id = "\"video_id\": \"v" + std::to_string(i) + "\"";
      videos += std::string(i ? ", " : "") + "{" + id + ", \"split\": \"" +
                splits[static_cast<std::size_t>(i)] + "\"}";
      for (const char* caption : {"a cat plays", "a dog sleeps"})
        sentences +=
            std::string(sentences.empty() ? "" : ", ") + "{" + id + ", \"caption\": \"" + caption + "\"}";
    }
    json_ = write("own.json", "{\"videos\": [" + videos + "], \"sentences\": [" + sentences + "]}");
  }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    return write_file(folder_ / name, text);
  }

  static std::vector<std::string> ids(const CaptionSet& set) {
    std::vector<std::string> list;
    for (const ClipRef& clip : set.clips) list.push_back(clip.video_id);
    return list;
  }

  TempFolder folder_;
  std::filesystem::path json_;
};

TEST_F(Msrvtt, TakesTheSplitsOfTheJsonWhenNoListIsGiven) {
  const DataSet data = read_msrvtt({json_, "", "", ""});
  EXPECT_EQ(data.name, "own");
  EXPECT_EQ(ids(data.train), (std::vector<std::string>{"v0", "v1"}));
  EXPECT_EQ(ids(data.val), (std::vector<std::string>{"v2"}));
  EXPECT_EQ(ids(data.test), (std::vector<std::string>{"v3"}));
  EXPECT_EQ(data.train.captions.size(), 4u);
  EXPECT_EQ(data.train.captions[3].text, "a dog sleeps");
  EXPECT_EQ(data.train.captions[3].clip, 1);
  EXPECT_FALSE(data.train.clips[0].span);
  EXPECT_THAT(data.notes, Contains("train: 2 clips, 4 captions"));
}

TEST_F(Msrvtt, FindsVideosWhoseNamesAreComposedOtherwise) {
  const std::string composed = "\u00fcbung", decomposed = "u\u0308bung";
  const std::string json = R"({"videos": [{"video_id": ")" + decomposed + R"("}, {"video_id": "a"}],
    "sentences": [{"video_id": ")" +
                           composed + R"(", "caption": "a cat plays"},
                  {"video_id": "a", "caption": "a dog sleeps"}]})";
  const auto annotations = write("accents.json", json);
  const auto list = write("list.csv", "video_id\n" + composed + "\n");
  const DataSet data = read_msrvtt({annotations, list, "", write("test.csv", "video_id\na\n")});
  ASSERT_EQ(data.train.captions.size(), 1u);
  EXPECT_EQ(data.train.captions.front().text, "a cat plays");
}

TEST_F(Msrvtt, TestsOnVideosThatTheJsonTrainsOnWhereNothingIsTrained) {
  const auto test = write("test.csv", "video_id\nv0\nv2\n");
  expect_error([&] { (void)read_msrvtt({json_, "", "", test}); }, Fault::Mismatch, "shares 1 videos");
  const DataSet data = read_msrvtt({json_, "", "", test, true});
  EXPECT_EQ(ids(data.test), (std::vector<std::string>{"v0", "v2"}));
  EXPECT_TRUE(data.train.empty());
  EXPECT_TRUE(data.val.empty());
}

TEST_F(Msrvtt, CountsSentencesThatShareASenId) {
  const auto json = write("ids.json",
                          R"({"videos": [{"video_id": "v0", "split": "train"}], "sentences": [
          {"video_id": "v0", "caption": "a", "sen_id": 1}, {"video_id": "v0", "caption": "b", "sen_id": 1},
          {"video_id": "v0", "caption": "c", "sen_id": 2}, {"video_id": "v0", "caption": "d"},
          {"video_id": "v0", "caption": "e"}]})");
  const DataSet data = read_msrvtt({json, "", "", ""});
  EXPECT_EQ(data.train.captions.size(), 5u);
  EXPECT_THAT(data.notes, Contains("1 sentences have the sen_id of an earlier one; all are used"));
  EXPECT_THAT(read_msrvtt({json_, "", "", ""}).notes, ::testing::Not(Contains(HasSubstr("sen_id"))));
}

TEST_F(Msrvtt, TakesTheListsAndTheSentencesChosenInThem) {
  const auto train = write("train.csv", "video_id\nv3\nv0\n");
  const auto test = write(
      "test.csv", "key,vid_key,video_id,sentence\nret0,m1,v1,a  cat plays\nret1,m2,v2,\"a bird, singing\"\n");
  const DataSet data = read_msrvtt({json_, train, "", test});
  EXPECT_EQ(ids(data.train), (std::vector<std::string>{"v3", "v0"}));
  EXPECT_THAT(data.val.clips, IsEmpty());
  ASSERT_EQ(data.test.captions.size(), 2u);
  EXPECT_EQ(data.test.captions[1].text, "a bird, singing");
  EXPECT_THAT(data.notes, Contains("test: 1 sentences of the list are not among the annotated captions"));
}

TEST_F(Msrvtt, CountsCaptionsThatNoModelCanTellApart) {
  const auto test = write("test.csv", "video_id,sentence\nv2,a cat plays\nv3,a cat plays\n");
  const DataSet data = read_msrvtt({json_, write("train.csv", "video_id\nv0\n"), "", test});
  EXPECT_THAT(data.notes, Contains("test: 1 captions are identical for more than one clip"));
}

TEST_F(Msrvtt, RefusesAVideoInTwoSplits) {
  const auto a = write("a.csv", "video_id\nv0\nv1\nv2\n");
  const auto b = write("b.csv", "video_id\nv1\nv3\n");
  const auto c = write("c.csv", "video_id\nv3\n");
  expect_error([&] { (void)read_msrvtt({json_, a, "", b}); }, Fault::Mismatch, "shares 1 videos with");
  expect_error([&] { (void)read_msrvtt({json_, a, "", b}); }, Fault::Mismatch, ": v1");
  expect_error([&] { (void)read_msrvtt({json_, a, b, c}); }, Fault::Mismatch, "b.csv (2 videos): v1");
  expect_error([&] { (void)read_msrvtt({json_, a, c, c}); }, Fault::Mismatch, "v3");
}

TEST_F(Msrvtt, RefusesUnknownRepeatedAndMissingVideosInLists) {
  const std::map<std::string, std::string> wrong = {
      {"video_id\nv0\nvideo9\nvideo8\n", "lists 2 videos that"},
      {"video_id\nv0\nv0\n", ":3: the video 'v0' is listed twice"},
      {"video_id\n", "lists no video"},
      {"id\nv0\n", "there is no column 'video_id'"}};
  for (const auto& [text, phrase] : wrong) {
    const auto train = write("train.csv", text);
    try {
      (void)read_msrvtt({json_, train, "", ""});
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(phrase));
    }
  }
}

TEST_F(Msrvtt, RefusesSentencesAboutUnknownVideosAndRepeatedVideos) {
  const auto unknown = write("u.json", R"({"videos": [{"video_id": "v0", "split": "train"}],
    "sentences": [{"video_id": "v7", "caption": "x"}]})");
  expect_error(
      [&] {
        (void)read_msrvtt({unknown, "", "", ""});
      },
      Fault::Mismatch, "sentences[0] describes 'v7'");
  const auto twice =
      write("t.json", R"({"videos": [{"video_id": "v0"}, {"video_id": "v0"}], "sentences": []})");
  expect_error([&] { (void)read_msrvtt({twice, "", "", ""}); }, Fault::Mismatch, "'v0' appears twice");
}

TEST_F(Msrvtt, LeavesOutVideosWithoutACaptionAndSaysSo) {
  const auto json = write(
      "j.json", R"({"videos": [{"video_id": "v0", "split": "train"}, {"video_id": "v1", "split": "train"}],
    "sentences": [{"video_id": "v1", "caption": "x"}]})");
  const DataSet data = read_msrvtt({json, "", "", ""});
  EXPECT_EQ(ids(data.train), (std::vector<std::string>{"v1"}));
  EXPECT_THAT(data.notes, Contains("train: 1 videos have no caption and are skipped (v0)"));
}

TEST_F(Msrvtt, RefusesADataSetWithoutAnySplit) {
  const auto json = write(
      "j.json", R"({"videos": [{"video_id": "v0"}], "sentences": [{"video_id": "v0", "caption": "x"}]})");
  expect_error(
      [&] {
        (void)read_msrvtt({json, "", "", ""});
      },
      Fault::Mismatch, "neither the train nor the test split has a video");
}

/// The official annotations, unpacked once for all tests.
class RealMsrvtt : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::filesystem::path packed = testing::shared_data("corpus") / "msrvtt/MSRVTT_data.json.gz";
    if (!std::filesystem::exists(packed)) return;
    folder_ = new TempFolder;
    const std::string command = "gunzip -c '" + packed.string() + "' > '" + json().string() + "'";
    unpacked_ = std::system(command.c_str()) == 0;
  }
  static void TearDownTestSuite() { delete std::exchange(folder_, nullptr); }
  void SetUp() override {
    TVR_NEEDS_SHARED("corpus");
    if (!unpacked_) GTEST_SKIP() << "needs the gunzip program";
  }
  static std::filesystem::path json() { return *folder_ / "MSRVTT_data.json"; }
  static std::filesystem::path list(const std::string& name) {
    return testing::shared_data("corpus") / "msrvtt" / name;
  }

  inline static TempFolder* folder_ = nullptr;
  inline static bool unpacked_ = false;
};

TEST_F(RealMsrvtt, HasTheSplitsOf1kA) {
  const auto test = list("MSRVTT_JSFUSION_test.csv");
  const std::map<std::string, std::size_t> lists = {{"9k", 9000}, {"7k", 7010}};
  for (const auto& [name, videos] : lists) {
    const DataSet data = read_msrvtt({json(), list("MSRVTT_train." + name + ".csv"), "", test});
    EXPECT_EQ(data.name, "MSR-VTT 1k-A (" + name + " train)");
    EXPECT_EQ(data.train.clips.size(), videos);
    EXPECT_EQ(data.train.captions.size(), videos * 20);
    EXPECT_EQ(data.test.clips.size(), 1000u);
    EXPECT_EQ(data.test.captions.size(), 1000u);
    EXPECT_THAT(data.notes, Contains("test: 1000 clips, 1000 captions, the test list of 1k-A"));
    EXPECT_THAT(data.notes, Contains("test: 4 captions are identical for more than one clip"));
  }
}

TEST_F(RealMsrvtt, HasTheFullSplit) {
  const DataSet data = read_msrvtt({json(), "", "", ""});
  EXPECT_EQ(data.name, "MSR-VTT full");
  EXPECT_EQ(data.train.clips.size(), 6513u);
  EXPECT_EQ(data.val.clips.size(), 497u);
  EXPECT_EQ(data.test.clips.size(), 2990u);
  EXPECT_EQ(data.train.captions.size() + data.val.captions.size() + data.test.captions.size(), 200'000u);
}

TEST_F(RealMsrvtt, NamesTheWrongListsWhenTheyOverlap) {
  expect_error(
      [&] {
        (void)read_msrvtt({json(), list("MSRVTT_train.9k.csv"), "", ""});
      },
      Fault::Mismatch, "the train list of 1k-A, 9k): shares 1990 videos with");
}

TEST_F(RealMsrvtt, RefusesListsThatAreSwapped) {
  const auto train = list("MSRVTT_train.9k.csv"), test = list("MSRVTT_JSFUSION_test.csv");
  expect_error(
      [&] {
        (void)read_msrvtt({json(), test, "", train});
      },
      Fault::Mismatch, "it is the test list of 1k-A, but was passed as --train");
}

TEST_F(RealMsrvtt, SaysWhenAListIsNoneOfThePublished) {
  const auto test = write_file(*folder_ / "some.csv", "video_id\nvideo9770\nvideo9771\n");
  const DataSet data = read_msrvtt({json(), list("MSRVTT_train.9k.csv"), "", test});
  EXPECT_EQ(data.name, "MSR-VTT, own split");
  EXPECT_THAT(data.notes, Contains(HasSubstr("test: 2 clips, 40 captions, not one of the published lists")));
}

}  // namespace
}  // namespace tvr
