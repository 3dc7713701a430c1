#include "pipeline/serve/http_range.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

void expect_part(const char* range, std::int64_t begin, std::int64_t size) {
  const auto part = requested_range(range, 1000);
  ASSERT_TRUE(part) << range;
  EXPECT_EQ(part->size, size) << range;
  EXPECT_EQ(size > 0 ? part->begin : 0, begin) << range;
}

TEST(HttpRange, IsAPartOfTheFileAsFarAsItGoes) {
  expect_part("bytes=0-0", 0, 1);
  expect_part("bytes=0-99", 0, 100);
  expect_part("bytes=500-", 500, 500);
  expect_part("bytes=999-999", 999, 1);
  expect_part("bytes=900-99999999999999999999999999", 900, 100);
  expect_part("bytes=-1", 999, 1);
  expect_part("bytes=-99999999999999999999999999", 0, 1000);
  expect_part("BYTES=0-9", 0, 10);
  expect_part("Bytes= , 0-9 ,", 0, 10);
}

TEST(HttpRange, BeyondTheFileHasNoBytes) {
  for (const char* const range :
       {"bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999-"})
    expect_part(range, 0, 0);
}

TEST(HttpRange, OfAnotherUnitOrGrammarIsIgnoredAndSoAreSeveral) {
  for (const char* const range :
       {"",           "bytes",         "bytes=",         "bytes=-",    "bytes=,",    "bytes=9-3",
        "bytes=a-b",  "bytes=0-b",     "bytes=0x1-2",    "bytes=--1",  "bytes=1--2", "bytes=+1-2",
        "bytes=1 -2", "lines=0-9",     "byte=0-9",       "bytess=0-9", "items=a",    "0-9",
        "bytes:0-9",  "bytes=0-1,5-6", "bytes=0-1,1000-"})
    EXPECT_FALSE(requested_range(range, 1000)) << range;
}

TEST(HttpRange, KnowsAnETagInAListStrongOrWeak) {
  EXPECT_TRUE(lists_etag("\"a\"", "\"a\""));
  EXPECT_TRUE(lists_etag("\"b\", W/\"a\" ", "\"a\""));
  EXPECT_TRUE(lists_etag("*", "\"a\""));
  EXPECT_FALSE(lists_etag("", "\"a\""));
  EXPECT_FALSE(lists_etag("\"b\", a", "\"a\""));
}

}  // namespace
}  // namespace tvr
