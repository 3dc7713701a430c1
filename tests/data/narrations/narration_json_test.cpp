#include "data/narrations/narration_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using Texts = std::vector<std::string>;

class NarrationJson : public ::testing::Test {
 protected:
  std::unique_ptr<NarrationSource> opened(const std::string& json) {
    return open_narrations(testing::write_file(folder_ / "caption.json", json));
  }
  /// All videos of `json`.
  std::vector<NarratedVideo> read(const std::string& json) {
    const auto source = opened(json);
    std::vector<NarratedVideo> videos;
    for (NarratedVideo video; source->next(video);) videos.push_back(video);
    return videos;
  }
  void expect_refused(const std::string& json, const std::string& phrase, Fault fault = Fault::Corrupt) {
    SCOPED_TRACE(json.substr(0, 100));
    testing::expect_error([&] { (void)read(json); }, fault, phrase);
  }

  testing::TempFolder folder_;
};

TEST_F(NarrationJson, ReadsTheColumnsInWhateverOrderAndPassesOverOtherMembers) {
  const auto videos = read(
      "\xef\xbb\xbf {\"a_b-1\": {\"text\": [\"cut the onion\", \"\"], \"tags\": {\"x\": [1, [true, null]]},\n"
      "\"end\": [4.05, 7], \"start\": [0.08, "
      "2.4]},\r\n\t\"empty\":{\"start\":[],\"end\":[],\"text\":[],\"n\":NaN}} \n");
  ASSERT_EQ(videos.size(), 2u);
  EXPECT_EQ(videos[0].id, "a_b-1");
  EXPECT_THAT(videos[0].narration.start, ElementsAre(0.08, 2.4));
  EXPECT_THAT(videos[0].narration.end, ElementsAre(4.05, 7));
  EXPECT_THAT(videos[0].narration.text, ElementsAre("cut the onion", ""));
  EXPECT_EQ(videos[1].id, "empty");
  EXPECT_EQ(videos[1].narration.size(), 0);
}

TEST_F(NarrationJson, TakesPythonsWordsForNumbers) {
  const auto videos = read(
      R"({"v": {"start": [NaN, -Infinity, 1e2], "end": [Infinity, 0.5, -0.0], "text": ["a", NaN, null]}})");
  const Narration& narration = videos.at(0).narration;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(narration.start[0]));
  EXPECT_EQ(narration.start[1], -kInfinity);
  EXPECT_EQ(narration.start[2], 100);
  EXPECT_EQ(narration.end[0], kInfinity);
  EXPECT_TRUE(std::signbit(narration.end[2]));
  EXPECT_THAT(narration.text, ElementsAre("a", "", ""));
}

TEST_F(NarrationJson, WritesNumbersInPlaceOfTextsAsPythonDoes) {
  const auto videos =
      read(R"({"v": {"start": [0,0,0,0,0,0,0,0,0], "end": [0,0,0,0,0,0,0,0,0],)"
           R"("text": [12, 12.0, 1e-5, 1e16, 0.1, Infinity, true, -0, 123456789012345678901]}})");
  EXPECT_EQ(videos.at(0).narration.text,
            (Texts{"12", "12.0", "1e-05", "1e+16", "0.1", "inf", "True", "0", "123456789012345678901"}));
}

TEST_F(NarrationJson, ReadsEscapesAndHalvesOfPairs) {
  const auto videos = read(
      R"({"v": {"start": [0,0,0,0,0], "end": [0,0,0,0,0], "text": ["\"\\\/\b\f\n\r\t", "caf\u00e9 \u20AC", )"
      R"("\ud83d\ude00", "\ud83d!\udE00", "\ud83d\ud83d\ude00\ud83d\n"]}})");
  EXPECT_EQ(videos.at(0).narration.text,
            (Texts{"\"\\/\b\f\n\r\t", "caf\xc3\xa9 \xe2\x82\xac", "\xf0\x9f\x98\x80",
                   "\xef\xbf\xbd!\xef\xbf\xbd", "\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd\n"}));
}

/// Every value lies across the boundary of a piece once.
TEST_F(NarrationJson, ReadsWhatLiesAcrossPieces) {
  constexpr std::size_t kPiece = 1 << 20;
  const std::string video =
      R"("x": {"start": [12.625, 3], "end": [-1.5e1, NaN], "text": ["\u00e9\n", null]}})";
  for (std::size_t shift = 0; shift <= video.size(); ++shift) {
    const std::string json = "{" + std::string(kPiece - 1 - shift, ' ') + video;
    const auto videos = read(json);
    ASSERT_EQ(videos.size(), 1u);
    EXPECT_EQ(videos[0].id, "x");
    EXPECT_THAT(videos[0].narration.start, ElementsAre(12.625, 3));
    EXPECT_EQ(videos[0].narration.end[0], -15);
    EXPECT_THAT(videos[0].narration.text, ElementsAre("\xc3\xa9\n", ""));
  }
}

TEST_F(NarrationJson, GoesOnWhereItWas) {
  const std::string v = R"({"start": [0], "end": [1], "text": ["t"]})";
  const std::string json = "{\"a\": " + v + " , \"b\":" + v + ",\"c\":" + v + "}";
  const auto source = opened(json);
  std::vector<std::uint64_t> positions = {0};
  for (NarratedVideo video; source->next(video);) positions.push_back(source->position());
  ASSERT_EQ(positions.size(), 4u);
  EXPECT_EQ(source->total(), json.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto again = opened(json);
    again->seek(positions[i]);
    std::string ids;
    for (NarratedVideo video; again->next(video);) ids += video.id;
    EXPECT_EQ(ids, std::string("abc").substr(i));
    NarratedVideo none;
    EXPECT_FALSE(again->next(none));
  }
}

TEST_F(NarrationJson, NamesTheVideoOfColumnsThatDoNotFit) {
  expect_refused(
      R"({"v1": {"start": [0, 1], "end": [1], "text": ["a", "b"]}})",
      "video 'v1': its columns differ in length: 2 times in 'start', 1 in 'end', 2 entries in 'text'");
  expect_refused(R"({"v1": {"start": [0], "text": ["a"]}})", "video 'v1': has no 'end'");
  expect_refused(R"({"v1": {"start": [0], "start": [0]}})", "video 'v1': has 'start' twice");
  expect_refused(R"({"v1": {"start": {"0": 1}}})", "video 'v1': 'start' is an object; wanted a list");
  expect_refused(R"({"v1": {"start": [0, "1.5"]}})",
                 "video 'v1': line 1: 'start' is text; wanted a number of seconds");
  expect_refused(R"({"v1": {"end": [null]}})", "line 0: 'end' is null; wanted a number of seconds");
  expect_refused(R"({"v1": {"text": ["a", ["b"]]}})", "line 1: 'text' is a list; wanted text");
  expect_refused(R"({"v1": [1]})", "video 'v1': is a list; wanted an object with 'start', 'end' and 'text'");
}

TEST_F(NarrationJson, NamesTheByteOfWhatIsNotJson) {
  const std::string v = R"({"start": [], "end": [], "text": []})";
  expect_refused("{\"a\": " + v, "it ends where '}' should be here");
  expect_refused("{\"a\": " + v + "} x", "byte 44: not JSON: text follows the object");
  expect_refused("{\"a\": " + v + ",}", "'\"' should be here");
  expect_refused("{\"a\" " + v + "}", "byte 5: not JSON: ':' should be here");
  expect_refused(R"({"a": {"start": [01]}})", "none of JSON's");
  expect_refused(R"({"a": {"start": [1.]}})", "none of JSON's");
  expect_refused(R"({"a": {"start": [-]}})", "none of JSON's");
  expect_refused(R"({"a": {"start": [1e]}})", "none of JSON's");
  expect_refused(R"({"a": {"start": [1e999]}})", "out of range");
  expect_refused(R"({"a": {"start": [Nan]}})", "'NaN' should be here");
  expect_refused(R"({"a": {"start": [-Inf]}})", "'Infinity' should be here");
  expect_refused(R"({"a": {"start": [tru]}})", "wanted a number");
  expect_refused(R"({"a": {"x": tru}})", "'true' should be here");
  expect_refused(R"({"a": {"text": ["\x"]}})", "a backslash stands before");
  expect_refused(R"({"a": {"text": ["\u12g4"]}})", "four hexadecimal digits");
  expect_refused("{\"a\": {\"text\": [\"\n\"]}}", "a control character");
  expect_refused("{\"a\": {\"text\": [\"\xff\"]}}", "is not UTF-8");
  expect_refused(R"({"a": {"text": ["abc)", "it ends within a string");
  expect_refused(R"({"a": {"text": ["abc\)", "it ends within a string");
  expect_refused(R"({"a": {"start": [)" + std::string(2000, '1') + "]}}", "more than 1000 characters");
  expect_refused(R"({"": {"start": [], "end": [], "text": []}})", "the video id '' is empty");
}

TEST_F(NarrationJson, LimitsDepthLinesAndText) {
  expect_refused("{\"a\": {\"x\": " + std::string(100'000, '['), "nested deeper than 64 levels");
  std::string many = R"({"a": {"start": [0)";
  for (int i = 0; i < 1'000'000; ++i) many += ",0";
  expect_refused(many + "]}}", "video 'a': has more than 1000000 lines", Fault::Limit);
  expect_refused(R"({"a": {"text": [")" + std::string((64 << 20) + 1, 'x') + "\"]}}",
                 "a string has more than");
}

TEST_F(NarrationJson, IsRecognisedByItsFirstCharacter) {
  expect_refused("", "is not a file of narrations", Fault::Unsupported);
  expect_refused("[1]", "is not a file of narrations", Fault::Unsupported);
  expect_refused("<!DOCTYPE html>", "not narrations", Fault::Unsupported);
  testing::expect_error([&] { (void)open_narrations(folder_ / "none"); }, Fault::NotFound,
                        "cannot be opened");
}

TEST(NarrationJsonOfOneVideo, IsReadFromText) {
  EXPECT_THAT(parse_narration_json(R"({"start": [1], "end": [2], "text": ["a"]} )", "x").text,
              ElementsAre("a"));
  testing::expect_error([] { (void)parse_narration_json("{} {}", "raw.pkl: video 'v'"); }, Fault::Corrupt,
                        "raw.pkl: video 'v': has no 'start'");
  testing::expect_error([] { (void)parse_narration_json("", "v"); }, Fault::Corrupt, "it ends where a value");
}

}  // namespace
}  // namespace tvr
