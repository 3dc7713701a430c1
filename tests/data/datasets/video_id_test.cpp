#include "data/datasets/video_id.h"

#include <gtest/gtest.h>

#include <random>

#include "data/text_file.h"

namespace tvr {
namespace {

const std::string kAlphabet = "%2D50AC3B-x/\\\n\x7f\xc3\xa9\xff";

void expect_name_comes_back(const std::string& name) {
  const std::string id = escape_video_id(name);
  ASSERT_EQ(video_name(id), name) << "id " << id;
  ASSERT_EQ(find_invalid_utf8(id), std::string::npos) << id;
  ASSERT_EQ(id.find_first_of("\\\n\x7f"), std::string::npos) << id;
  ASSERT_TRUE(id.empty() || id.front() != '-') << id;
}

TEST(VideoId, EveryShortNameComesBackFromItsId) {
  std::vector<std::string> names = {""};
  for (std::size_t first = 0, length = 0; length < 4; ++length) {
    const std::size_t end = names.size();
    for (; first < end; ++first)
      for (const char c : kAlphabet) names.push_back(names[first] + c);
  }
  for (const std::string& name : names) expect_name_comes_back(name);
}

TEST(VideoId, EveryLongerNameComesBackFromItsId) {
  std::mt19937 random(7);
  for (int i = 0; i < 300'000; ++i) {
    std::string name;
    for (auto length = random() % 16; length > 0; --length) name += kAlphabet[random() % kAlphabet.size()];
    expect_name_comes_back(name);
  }
}

TEST(VideoId, NamesThatNeedNoEscapeAreTheirOwnIds) {
  for (const char* name : {"video7010", "floor33/0001", "100%", "a%20b", "50%41 off", "100%25 off",
                           "caf%C3%A9", "x-y", "a/-b", "x%2Dy", "a%0a", "cafe\u0301", ""})
    EXPECT_EQ(escape_video_id(name), name);
}

TEST(VideoId, WhatReadsAsAnEscapeIsEscaped) {
  EXPECT_EQ(escape_video_id("a\nb"), "a%0Ab");
  EXPECT_EQ(escape_video_id("a%0Ab"), "a%250Ab");
  EXPECT_EQ(escape_video_id("a%250Ab"), "a%25250Ab");
  EXPECT_EQ(escape_video_id("-b"), "%2Db");
  EXPECT_EQ(escape_video_id("%2Db"), "%252Db");
  EXPECT_EQ(escape_video_id("caf\xe9"), "caf%E9");
  EXPECT_EQ(escape_video_id("caf%E9"), "caf%25E9");
}

TEST(VideoId, IsGivenBackAsFarAsItsPlaceHoldsIt) {
  EXPECT_EQ(video_text("%2Db"), "-b");
  EXPECT_EQ(video_text("a%0Ab"), "a\nb");
  EXPECT_EQ(video_text("caf%E9"), "caf%E9") << "text is UTF-8";
  EXPECT_EQ(video_line("%2Db"), "-b");
  EXPECT_EQ(video_line("a%0Ab"), "a%0Ab") << "a line is one";
  EXPECT_EQ(video_line("caf%E9"), "caf%E9");
  EXPECT_EQ(video_line("caf%25E9"), "caf%25E9") << "not as the one before";
  EXPECT_EQ(video_line("a\u202eb"), "a%E2%80%AEb") << "nothing turns the line around";
}

TEST(VideoId, ComposedTextIsEqualWhateverTheFormOfItsAccents) {
  EXPECT_EQ(composed("cafe\u0301"), "caf\u00e9");
  EXPECT_EQ(composed("caf\u00e9"), "caf\u00e9");
  EXPECT_EQ(composed("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(composed("\ufb01"), "\ufb01") << "another character is another name";
  EXPECT_EQ(composed("caf\xe9"), "caf\xe9");
}

}  // namespace
}  // namespace tvr
