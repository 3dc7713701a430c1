#include "data/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"

namespace tvr {
namespace {

TEST(JsonText, IndentsOrStaysOnOneLine) {
  EXPECT_EQ(json_text({{"a", 1}}), "{\n  \"a\": 1\n}");
  EXPECT_EQ(json_line({{"a", 1}}), "{\"a\":1}");
}

TEST(JsonText, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(json_line("a\xff"), "\"a\xef\xbf\xbd\"");
  EXPECT_EQ(json_text("a\xff"), "\"a\xef\xbf\xbd\"");
}

TEST(JsonText, EscapesWhatATerminalMayNotGet) {
  const std::string hidden = "a\u202e\u009b\u2028\x7f\U000e0041\u00fc\n";
  const std::string text = json_line(hidden);
  EXPECT_EQ(text, "\"a\\u202e\\u009b\\u2028\\u007f\\udb40\\udc41\u00fc\\n\"");
  EXPECT_EQ(parse_json(text, "text"), hidden) << "the same text";
}

std::string nested(int levels) {
  const auto count = static_cast<std::size_t>(levels);
  return std::string(count, '[') + std::string(count, ']');
}

TEST(ParseJson, GivesTheValueOrSaysWhereAndWhyThereIsNone) {
  EXPECT_EQ(parse_json("{\"a\": [1, 2]}", "a.json")["a"][1], 2);
  testing::expect_error([] { (void)parse_json("{\"a\": ", "a.json", "Write it again"); }, Fault::Corrupt,
                        "a.json: it is not JSON: parse error at line 1");
  testing::expect_error([] { (void)parse_json("", "a.json", "Write it again"); }, Fault::Corrupt,
                        "Write it again");
  testing::expect_error([] { (void)parse_json("\"\xff\"", "a.json"); }, Fault::Corrupt, "UTF-8");
}

TEST(ParseJson, RefusesDeeperLevelsThanAStackCanTake) {
  EXPECT_NO_THROW((void)parse_json(nested(kMostJsonLevels), "a.json"));
  for (const std::string& deep : {nested(kMostJsonLevels + 2), nested(300'000), std::string(5'000'000, '['),
                                  std::string("[").append(400'000, ' ') + nested(100'000) + "]"})
    testing::expect_error([&] { (void)parse_json(deep, "a.json"); }, Fault::Corrupt, "deeper than 64 levels");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  testing::expect_error([&] { (void)parse_json(objects, "a.json"); }, Fault::Corrupt,
                        "deeper than 64 levels");
  testing::expect_error([&] { (void)parse_json(nested(10), "a.json", "", 8); }, Fault::Corrupt,
                        "deeper than 8 levels");
}

TEST(ParseJson, RefusesAKeyThatAnObjectHasTwice) {
  const std::string often = "{\"a\": [{\"a\": 1}, {\"a\": 2}], \"b\": {\"a\": 3}}";
  EXPECT_EQ(parse_json(often, "a.json")["b"]["a"], 3);
  for (const char* const twice : {"{\"a\": 1, \"b\": 2, \"a\": 1}", "[{\"b\": {\"a\": 1, \"\\u0061\": 2}}]",
                                  "{\"a\": {\"b\": 1}, \"a\": 3}"}) {
    testing::expect_error([&] { (void)parse_json(twice, "a.json"); }, Fault::Corrupt,
                          "a.json: an object has the key 'a' twice");
  }
}

TEST(JsonLines, PassesOverWhatIsTooDeep) {
  const auto objects = json_lines("{\"a\": " + nested(200'000) + "}\n{\"epoch\": 1}\n");
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects[0]["epoch"], 1);
}

TEST(JsonLines, PassesOverWhatIsNoObject) {
  const auto objects = json_lines("{\"epoch\": 1}\n\n[2]\nnoise\n{\"epoch\": 3}\n{\"epo");
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0]["epoch"], 1);
  EXPECT_EQ(objects[1]["epoch"], 3);
  EXPECT_TRUE(json_lines("").empty());
}

}  // namespace
}  // namespace tvr
