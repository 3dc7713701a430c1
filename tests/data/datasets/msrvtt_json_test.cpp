#include "data/datasets/msrvtt_json.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/expect_error.h"
#include "tests/support/hostile_files.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using testing::expect_error;

MsrvttAnnotations parse(const std::string& text) { return parse_msrvtt_json("a.json", text); }

/// A document with one sentence of these fields.
std::string with_sentence(const std::string& fields) {
  return R"({"info": {"year": "2016", "more": [1, {"x": null}]}, "videos": [{"video_id": "v0", "split": "train"}],
 "sentences": [{)" +
         fields + "}]}";
}

TEST(MsrvttJson, KeepsTheFieldsThatCountAndPassesOverTheRest) {
  const auto read = parse(
      with_sentence(R"("caption": "a \"cat\" \ud83d\ude00", "video_id": "v0", "sen_id": 7, "x": [[1], {}])"));
  ASSERT_EQ(read.videos.size(), 1u);
  EXPECT_EQ(read.videos[0].id, "v0");
  EXPECT_EQ(read.videos[0].split, "train");
  ASSERT_EQ(read.sentences.size(), 1u);
  EXPECT_EQ(read.sentences[0].caption, "a \"cat\" \xf0\x9f\x98\x80");
  EXPECT_EQ(read.sentences[0].video_id, "v0");
}

TEST(MsrvttJson, GivesLineAndColumnOfASyntaxError) {
  expect_error([] { (void)parse("{\n  \"videos\": [},\n"); }, Fault::Corrupt, "a.json:2:14: not JSON");
  expect_error([] { (void)parse(""); }, Fault::Corrupt, "a.json:1:1: not JSON");
  expect_error([] { (void)parse(R"({"videos": [], "sentences": []}})"); }, Fault::Corrupt,
               "a.json:1:32: not JSON");
  expect_error([] { (void)parse("{\"videos\": \"caf\xe9\"}"); }, Fault::Corrupt, "UTF-8");
}

TEST(MsrvttJson, PackedAndCutSaysSo) {
  const testing::TempFolder folder;
  const auto path = testing::write_file(folder / "a.json.gz", std::string("\x1f\x8b\x08\0\0", 5));
  expect_error([&] { (void)read_msrvtt_json(path); }, Fault::Corrupt, "its gzip data end too early");
}

TEST(MsrvttJson, NamesThePlaceOfAValueOfTheWrongKind) {
  const std::map<std::string, std::string> wrong = {
      {R"({"videos": {}, "sentences": []})", "videos must be an array, is an object"},
      {R"({"videos": 3, "sentences": []})", "videos must be an array, is a number"},
      {R"({"videos": "x", "sentences": []})", "videos must be an array, is a string"},
      {R"({"videos": [3], "sentences": []})", "videos[0] must be an object, is a number"},
      {R"({"videos": ["x"], "sentences": []})", "videos[0] must be an object, is a string"},
      {R"({"videos": [[]], "sentences": []})", "videos[0] must be an object, is an array"},
      {R"({"videos": [{"video_id": []}], "sentences": []})",
       "videos[0].video_id must be a string, is an array"},
      {R"({"videos": [{"video_id": {}}], "sentences": []})",
       "videos[0].video_id must be a string, is an object"},
      {R"({"videos": [{}], "sentences": []})", "videos[0] has no 'video_id'"},
      {R"({"videos": []})", "'sentences' is missing"},
      {R"({"sentences": []})", "'videos' is missing"},
      {R"([1])", "is an array"},
      {R"("x")", "is a string"},
      {R"(3)", "is a number"},
      {with_sentence(R"("caption": 5, "video_id": "v0")"),
       "sentences[0].caption must be a string, is a number"},
      {with_sentence(R"("caption": null, "video_id": "v0")"),
       "sentences[0].caption must be a string, is null"},
      {with_sentence(R"("video_id": "v0")"), "sentences[0] has no 'caption'"},
      {with_sentence(R"("caption": "x")"), "sentences[0] has no 'video_id'"},
      {with_sentence(R"("caption": " \t ", "video_id": "v0", "sen_id": 17)"), "empty caption (sen_id 17)"}};
  for (const auto& [text, phrase] : wrong) {
    SCOPED_TRACE(text);
    expect_error([&, &json = text] { (void)parse(json); }, Fault::Corrupt, phrase);
  }
}

TEST(MsrvttJson, RefusesARepeatedKeyAtEveryDepth) {
  expect_error([] { (void)parse(R"({"videos": [], "videos": [], "sentences": []})"); }, Fault::Corrupt,
               "the key 'videos' twice in the outermost object");
  expect_error([] { (void)parse(with_sentence(R"("caption": "a", "caption": "b", "video_id": "v0")")); },
               Fault::Corrupt, "the key 'caption' twice in sentences[0]");
}

TEST(MsrvttJson, RefusesNumbersOutOfRangeAndEndlessNesting) {
  expect_error([] { (void)parse(with_sentence(R"("caption": "a", "video_id": "v0", "sen_id": 1e999)")); },
               Fault::Corrupt, "the number is out of range");
  const std::string deep = R"({"videos": [], "sentences": [], "x": )";
  expect_error([&] { (void)parse(deep + std::string(1'000'000, '[')); }, Fault::Corrupt,
               "nested deeper than 64 levels");
}

TEST(MsrvttJson, RefusesIdsThatCannotBeFileNames) {
  for (const char* id : {"../../etc/passwd", "/etc/passwd", "a\\u0000b", ""})
    expect_error(
        [&] { (void)parse(with_sentence(R"("caption": "a", "video_id": ")" + std::string(id) + '"')); },
        Fault::Corrupt, "a.json: sentences[0]: the video id");
}

TEST(MsrvttJson, MeetsEveryHostileFileAsTheManifestSays) {
  TVR_NEEDS_SHARED("hostile");
  const std::map<std::string, std::pair<Fault, std::string>> wanted = {
      {"caption_empty", {Fault::Corrupt, "empty caption (sen_id 2)"}},
      {"json_syntax", {Fault::Corrupt, ""}},
      {"id_invalid", {Fault::Corrupt, "the video id"}},
      {"json_type", {Fault::Corrupt, ""}},
      {"json_duplicate_key", {Fault::Corrupt, "twice"}},
      {"json_schema", {Fault::Corrupt, "must be an object with"}}};
  const std::map<std::string, std::string> more = {
      {"j_truncated.json", ":1:262: not JSON"},
      {"j_trailing_garbage.json", ": not JSON"},
      {"j_deep.json", "is an array"},
      {"j_huge_number.json", "out of range"},
      {"j_caption_number.json", "sentences[0].caption must be a string"}};
  const auto files = testing::hostile_files("msrvtt_json");
  ASSERT_FALSE(files.empty());
  for (const testing::HostileFile& file : files) {
    SCOPED_TRACE(file.name + ": " + file.note);
    if (file.name == "j_option_id.json") {  // a name as YouTube gives them, which cannot be taken for a flag
      EXPECT_EQ(read_msrvtt_json(file.path).videos.front().id.rfind("%2D", 0), 0U);
    } else if (file.is_ok) {
      const MsrvttAnnotations read = read_msrvtt_json(file.path);
      EXPECT_EQ(read.videos.size(), file.facts["videos"]);
      EXPECT_EQ(read.sentences.size(), file.facts["sentences"]);
    } else {
      const auto& [fault, phrase] = wanted.at(file.error_class);
      const auto specific = more.find(file.name);
      expect_error([&] { (void)read_msrvtt_json(file.path); }, fault,
                   specific == more.end() ? phrase : specific->second);
    }
  }
}

}  // namespace
}  // namespace tvr
