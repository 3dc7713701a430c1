#include "data/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

TEST(JsonLines, PassesOverWhatIsNoObject) {
  const auto objects = json_lines("{\"epoch\": 1}\n\n[2]\nnoise\n{\"epoch\": 3}\n{\"epo");
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0]["epoch"], 1);
  EXPECT_EQ(objects[1]["epoch"], 3);
  EXPECT_TRUE(json_lines("").empty());
}

}  // namespace
}  // namespace tvr
