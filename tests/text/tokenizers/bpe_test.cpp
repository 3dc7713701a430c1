#include "text/tokenizers/bpe.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/in_child.h"

namespace tvr {
namespace {

using Ids = std::vector<std::int32_t>;

Ids encode(const Bpe& bpe, std::string_view text) {
  Ids ids;
  bpe.encode(text, ids);
  return ids;
}

TEST(Bpe, MergesThePairOfTheLowestRankFirstAndTheLeftmostOfEquals) {
  const Vocabulary vocabulary = {{"a", 0}, {"b", 1}, {"aa", 2}, {"ab", 3}, {"aab", 4}};
  EXPECT_EQ(encode(Bpe(vocabulary, {{0, 1, 3}, {0, 0, 2}}, {}), "aaab"), (Ids{2, 3}));
  EXPECT_EQ(encode(Bpe(vocabulary, {{0, 0, 2}, {0, 1, 3}}, {}), "aaab"), (Ids{2, 3}));
  EXPECT_EQ(encode(Bpe(vocabulary, {{0, 0, 2}, {2, 1, 4}}, {}), "aaab"), (Ids{2, 0, 1}));
  EXPECT_EQ(encode(Bpe(vocabulary, {{0, 0, 2}}, {}), "aaaaa"), (Ids{2, 2, 0}));
}

TEST(Bpe, TheLastCountsOfAPairThatComesTwice) {
  const Vocabulary vocabulary = {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"bc", 4}};
  EXPECT_EQ(encode(Bpe(vocabulary, {{0, 1, 3}, {1, 2, 4}, {0, 1, 3}}, {}), "abc"), (Ids{0, 4}));
}

/// The vocabulary and the wanted ids are those of tests/models/clip in huggingface/transformers.
TEST(Bpe, KnowsTheEndOfAWord) {
  const std::vector<std::string> tokens = {"l",         "o",     "w",     "e",       "r",      "s",
                                           "t",         "i",     "d",     "n",       "lo",     "l</w>",
                                           "w</w>",     "r</w>", "t</w>", "low</w>", "er</w>", "lowest</w>",
                                           "newer</w>", "wider", "<unk>"};
  Vocabulary vocabulary;
  for (const std::string& token : tokens)
    vocabulary.emplace(token, static_cast<std::int32_t>(vocabulary.size()));
  BpeOptions options;
  options.end_of_word = "</w>";
  const std::vector<BpeMerge> merges = {{0, 1, 10}, {10, 12, 15}, {3, 13, 16}};
  const Bpe bpe(vocabulary, merges, options);
  EXPECT_EQ(encode(bpe, "low"), (Ids{15}));
  EXPECT_EQ(encode(bpe, "lower"), (Ids{10, 2, 16}));
  EXPECT_EQ(encode(bpe, "newer"), (Ids{9, 3, 2, 16}));
}

TEST(Bpe, UnknownCharactersAreOneOrEachOneOrDropped) {
  BpeOptions options;
  const Vocabulary vocabulary = {{"a", 0}, {"?", 9}};
  EXPECT_EQ(encode(Bpe(vocabulary, {}, options), "abca"), (Ids{0, 0}));
  options.unknown = 9;
  EXPECT_EQ(encode(Bpe(vocabulary, {}, options), "abca"), (Ids{0, 9, 9, 0}));
  options.fuse_unknown = true;
  EXPECT_EQ(encode(Bpe(vocabulary, {}, options), "abcab"), (Ids{0, 9, 0, 9}));
}

TEST(Bpe, FallsBackToBytesOnlyWhereAllOfACharacterAreThere) {
  BpeOptions options;
  options.unknown = 9;
  options.byte_fallback = true;
  const Vocabulary vocabulary = {{"?", 9}, {"<0xC3>", 1}, {"<0xA9>", 2}};
  EXPECT_EQ(encode(Bpe(vocabulary, {}, options), "\xc3\xa9\xc3\xa8"), (Ids{1, 2, 9}));
}

TEST(Bpe, TheEmptyPieceHasNoIds) { EXPECT_TRUE(encode(Bpe({{"a", 0}}, {{0, 0, 0}}, {}), "").empty()); }

/// Every merge is possible everywhere, and the last leaves one symbol.
TEST(Bpe, AMillionCharactersTakeSeconds) {
  Vocabulary vocabulary = {{"a", 0}};
  std::vector<BpeMerge> merges;
  for (std::int32_t i = 0; i < 20; ++i) merges.push_back({i, i, i + 1});
  const Bpe bpe(vocabulary, merges, {});
  const std::string text(std::size_t{1} << 20, 'a');
  const auto report = testing::in_child([&] { return std::to_string(encode(bpe, text).size()); });
  EXPECT_EQ(report.text, "1");
  EXPECT_LT(report.cpu_s, 20);
}

/// Of a text in random order, by the definition: the best pair is searched anew after each merge.
TEST(Bpe, IsWhatTheDefinitionGives) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    Vocabulary vocabulary;
    for (std::int32_t i = 0; i < 4; ++i) vocabulary.emplace(std::string(1, static_cast<char>('a' + i)), i);
    std::vector<BpeMerge> merges;
    for (std::int32_t i = 4; i < 16; ++i)
      merges.push_back({static_cast<std::int32_t>(random() % static_cast<unsigned>(i)),
                        static_cast<std::int32_t>(random() % static_cast<unsigned>(i)), i});
    std::string text;
    Ids wanted;
    for (int i = 0; i < 40; ++i) {
      wanted.push_back(static_cast<std::int32_t>(random() % 4));
      text += static_cast<char>('a' + wanted.back());
    }
    for (bool merged = true; merged;) {
      std::size_t best_rank = merges.size(), best_at = 0;
      for (std::size_t at = 0; at + 1 < wanted.size(); ++at) {
        for (std::size_t rank = merges.size(); rank-- > 0;) {
          if (merges[rank].left != wanted[at] || merges[rank].right != wanted[at + 1]) continue;
          if (rank < best_rank) best_rank = rank, best_at = at;
          break;  // the last of equal pairs
        }
      }
      merged = best_rank < merges.size();
      if (!merged) break;
      wanted[best_at] = merges[best_rank].merged;
      wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
    }
    EXPECT_EQ(encode(Bpe(vocabulary, merges, {}), text), wanted) << "round " << round;
  }
}

}  // namespace
}  // namespace tvr
