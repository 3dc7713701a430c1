#include "text/tokenizers/clip_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tvr {
namespace {

using ::testing::ElementsAre;

TEST(ClipPieces, AreWordsSingleDigitsEndingsAndRunsOfSymbols) {
  EXPECT_THAT(clip_pieces("a dog's 42 toys, isn't!? caf\xc3\xa9", ClipPattern::Plain),
              ElementsAre("a", "dog", "'s", "4", "2", "toys", ",", "isn", "'t", "!?", "caf\xc3\xa9"));
  EXPECT_THAT(clip_pieces("we'll they've I'm you're he'd", ClipPattern::Plain),
              ElementsAre("we", "'ll", "they", "'ve", "I", "'m", "you", "'re", "he", "'d"));
  EXPECT_THAT(clip_pieces("!'s \x1c 'S", ClipPattern::Plain), ElementsAre("!'", "s", "\x1c", "'", "S"));
  EXPECT_TRUE(clip_pieces(" \t\n\xe3\x80\x80", ClipPattern::Plain).empty());
}

TEST(ClipPieces, OfOpenAiFindNamesAndEndingsInAnyCase) {
  EXPECT_THAT(clip_pieces("x<|EndOfText|>!'S'\xc5\xbf", ClipPattern::AnyCaseNames),
              ElementsAre("x", "<|EndOfText|>", "!'", "S", "'\xc5\xbf"));
  EXPECT_THAT(clip_pieces("<|startoftext|>a", ClipPattern::Plain),
              ElementsAre("<|", "startoftext", "|>", "a"));
  EXPECT_THAT(clip_pieces("<|startoftext|>!<|StartOfText|>", ClipPattern::WithNames),
              ElementsAre("<|", "startoftext", "|>", "!<|", "StartOfText", "|>"));
}

TEST(ClipPieces, EveryByteHasACharacterOfItsOwn) {
  const std::vector<std::string> all = all_byte_characters();
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 256u);
  EXPECT_EQ(all.front(), "!");
  EXPECT_EQ(all[255], "\xc5\x83");  // U+0143, of byte 0xAD
  EXPECT_EQ(byte_characters(" a\xc3\xa9"),
            "\xc4\xa0"
            "a\xc3\x83\xc2\xa9");
}

}  // namespace
}  // namespace tvr
