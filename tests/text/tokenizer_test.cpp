#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tvr {
namespace {

using Words = std::vector<std::string>;

TEST(Tokenizer, CutsAsPythonsWordsAndApostrophesDo) {
  const std::map<std::string, Words> cases = {
      {"", {}},
      {"A man's dog, it's  big!", {"A", "man's", "dog", "it's", "big"}},
      {"don't 'quote' '", {"don't", "'quote'", "'"}},
      {"foo_bar-baz 3.5kg x2", {"foo_bar", "baz", "3", "5kg", "x2"}},
      {"caf\xc3\xa9 na\xc3\xafve", {"caf\xc3\xa9", "na\xc3\xafve"}},
      {"e\xcc\x81t\xc3\xa9", {"e", "t\xc3\xa9"}},  // a combining accent is no word character
      {"\xe4\xba\xba\xe5\x9c\xa8 \xe2\x85\xa7 x\xc2\xb2\xc2\xbd",
       {"\xe4\xba\xba\xe5\x9c\xa8", "\xe2\x85\xa7", "x\xc2\xb2\xc2\xbd"}},
      {"it\xe2\x80\x99s", {"it", "s"}},  // the curly apostrophe cuts
      {"a\xc2\xa0"
       "b\xe2\x80\x94"
       "c\xf0\x9f\x98\x80"
       "d",
       {"a", "b", "c", "d"}},  // no-break space, dash, emoji
      {std::string("a\0b", 3), {"a", "b"}},
  };
  for (const auto& [sentence, words] : cases) EXPECT_EQ(tokenize(sentence), words) << sentence;
}

TEST(Tokenizer, TakesBytesThatAreNotUtf8AsSeparators) {
  EXPECT_EQ(tokenize("caf\xe9 x"), (Words{"caf", "x"}));
  EXPECT_EQ(tokenize("a\xff\xfe"
                     "b"),
            (Words{"a", "b"}));
  EXPECT_EQ(tokenize("a\xc3"), (Words{"a"}));
  EXPECT_EQ(tokenize("\xe4\xc3\xa9"), (Words{"\xc3\xa9"}));
  EXPECT_EQ(tokenize("\xed\xa0\x80x"), (Words{"x"}));  // a surrogate
}

}  // namespace
}  // namespace tvr
