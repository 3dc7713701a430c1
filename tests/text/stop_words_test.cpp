#include "text/stop_words.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

TEST(StopWords, AreFoundInAnyCase) {
  for (const char* const word : {"a", "A", "The", "DON'T", "you've", "yourselves", "gonna", "Video", "guys"})
    EXPECT_TRUE(is_stop_word(word)) << word;
  for (const char* const word : {"", "onion", "cut", "theme", "don'", "2", "caf\xc3\xa9", "\xc3\x80", "zest"})
    EXPECT_FALSE(is_stop_word(word)) << word;
}

TEST(StopWords, LeaveTheOtherWordsAsTheyAre) {
  EXPECT_EQ(without_stop_words("So, we're gonna CUT the onion (2 of them)!"), "CUT onion 2");
  EXPECT_EQ(without_stop_words("don\xe2\x80\x99t you've 2\xc2\xbd cups"), "2\xc2\xbd cups");
  EXPECT_EQ(without_stop_words("and then you"), "");
  EXPECT_EQ(without_stop_words(""), "");
}

}  // namespace
}  // namespace tvr
