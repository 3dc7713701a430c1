#include "text/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/sentence.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

WordTable table_of(const std::vector<std::string>& words) {
  WordTable table;
  table.words = words;
  for (const std::string& word : words) table.ids.emplace(word, static_cast<std::int32_t>(table.ids.size()));
  return table;
}

TEST(Coverage, CountsUnknownWordsAndNamesTheCommonest) {
  const TextCoverage coverage =
      measure_coverage({"a cat zips", "zips zops, a zips", "zups", "..."}, table_of({"a", "cat"}), 2);
  EXPECT_EQ(coverage.sentences, 4);
  EXPECT_EQ(coverage.empty_sentences, 2);
  EXPECT_EQ(coverage.words, 8);
  EXPECT_EQ(coverage.unknown_words, 5);
  EXPECT_THAT(coverage.commonest_unknown, ElementsAre(Pair("zips", 3), Pair("zops", 1)));
}

TEST(Coverage, IsNothingForNoSentences) {
  const TextCoverage coverage = measure_coverage({}, table_of({"a"}));
  EXPECT_EQ(coverage.sentences + coverage.words + coverage.unknown_words + coverage.empty_sentences, 0);
  EXPECT_TRUE(coverage.commonest_unknown.empty());
}

TEST(Encode, DropsUnknownWordsBeforeItCutsTheSentence) {
  const WordTable table = table_of({"a", "cat", "sleeps"});
  EXPECT_THAT(encode("A a, a big cat sleeps!", table, 3), ElementsAre(0, 0, 1));
  EXPECT_THAT(encode("big cat", table, 20), ElementsAre(1));
  EXPECT_THAT(encode("qqzxv wvvkjq", table, 20), ElementsAre());
  EXPECT_THAT(encode("a cat", table, 0), ElementsAre());
}

}  // namespace
}  // namespace tvr
