#include "text/query_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "text/sentence.h"

namespace tvr {
namespace {

/// Knows the words that begin with 'k': their vector is their length. Counts the look-ups.
class CountingVectors : public WordVectors {
 public:
  explicit CountingVectors(std::vector<std::string>& asked) : asked_(asked) {}
  [[nodiscard]] int dim() const noexcept override { return 1; }
  [[nodiscard]] std::int64_t size() const noexcept override { return 1; }
  [[nodiscard]] std::vector<std::string> words() const override { return {}; }
  [[nodiscard]] WordTable lookup(const std::vector<std::string>& words) const override {
    WordTable table;
    for (const std::string& word : words) {
      asked_.push_back(word);
      if (word[0] != 'k') continue;
      table.ids.emplace(word, static_cast<std::int32_t>(table.words.size()));
      table.words.push_back(word);
      if (word.back() == '_') table.guessed.insert(word);
    }
    table.vectors = Matrix(static_cast<std::int64_t>(table.words.size()), 1);
    for (std::size_t i = 0; i < table.words.size(); ++i)
      table.vectors.row(static_cast<std::int64_t>(i))[0] = static_cast<float>(table.words[i].size());
    return table;
  }

 private:
  std::vector<std::string>& asked_;
};

class QueryWordsTest : public ::testing::Test {
 protected:
  std::vector<std::string> asked_;
  QueryWords words_{std::make_unique<CountingVectors>(asked_)};
};

TEST_F(QueryWordsTest, LooksEachWordUpOnce) {
  (void)words_.table_for({"kite and kayak", "and kite"});
  (void)words_.table_for({"kayak or kite"});
  EXPECT_EQ(asked_, (std::vector<std::string>{"kite", "and", "kayak", "or"}));
}

TEST_F(QueryWordsTest, GivesTheVectorsOfTheKnownWordsAndNamesTheOthers) {
  const WordTable table = words_.table_for({"a kite, a kayak"});
  EXPECT_EQ(table.words, (std::vector<std::string>{"kite", "kayak"}));
  EXPECT_EQ(table.vectors.row(table.ids.at("kayak"))[0], 5);
  EXPECT_EQ(encode("a kayak", table, 20), (std::vector<std::int32_t>{1}));
  EXPECT_EQ(unknown_words("a kite, a boat", table), (std::vector<std::string>{"a", "boat"}));
}

TEST_F(QueryWordsTest, TellsFamiliarWordsFromThoseMadeOfTheirParts) {
  for (int i = 0; i < 2; ++i) {  // the second time from memory
    const WordTable table = words_.table_for({"kite k_ k_ boat"});
    EXPECT_EQ(guessed_words("k_ a k_ kite", table), (std::vector<std::string>{"k_"}));
    EXPECT_TRUE(has_familiar_word("k_ kite", table));
    EXPECT_FALSE(has_familiar_word("k_ boat", table));
    EXPECT_FALSE(has_familiar_word("", table));
  }
}

TEST_F(QueryWordsTest, EndlessNewWordsDoNotFillTheMemoryAndAnswersStayRight) {
  for (int i = 0; i < 60; ++i) {
    std::string sentence = "kite";
    for (int k = 0; k < 1000; ++k) sentence += " w" + std::to_string(1000 * i + k);
    const WordTable table = words_.table_for({sentence});
    ASSERT_EQ(table.words, (std::vector<std::string>{"kite"}));
  }
  EXPECT_GT(std::count(asked_.begin(), asked_.end(), "kite"), 1);  // was forgotten, and asked for again
}

TEST_F(QueryWordsTest, ASentenceWithoutWordsIsEmpty) {
  EXPECT_EQ(words_.table_for({"", "?!"}).vectors.rows(), 0);
}

}  // namespace
}  // namespace tvr
