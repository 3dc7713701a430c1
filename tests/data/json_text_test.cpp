#include "data/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tvr {
namespace {

TEST(JsonText, WritesBytesThatAreNotUtf8AsReplacementCharacters) {
  EXPECT_EQ(json_text({{"path", "a\xff.mp4"}}, -1), "{\"path\":\"a\xef\xbf\xbd.mp4\"}");
}

TEST(JsonText, IsIndentedByTwoBlanksUnlessItIsToBeOneLine) {
  EXPECT_EQ(json_text({{"a", 1}}), "{\n  \"a\": 1\n}");
  EXPECT_EQ(json_text({{"a", 1}}, -1), "{\"a\":1}");
}

}  // namespace
}  // namespace tvr
