#include "text/tokenizers/prefix_tree.h"

#include <gtest/gtest.h>

#include <random>

namespace tvr {
namespace {

TEST(PrefixTree, FindsTheLongestStringThatATextBeginsWith) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const auto word = [&random] {
      std::string text;
      for (unsigned left = random() % 6; left > 0; --left) text += static_cast<char>(random() % 3 + 0xFE);
      return text;
    };
    std::vector<std::pair<std::string, std::int32_t>> strings;
    for (std::int32_t i = 0; i < 12; ++i) strings.emplace_back(word(), i);
    const PrefixTree tree(strings);
    const std::string text = word() + word();
    PrefixTree::Match wanted;
    for (const auto& [string, value] : strings)
      if (string.size() > wanted.bytes && text.compare(0, string.size(), string) == 0)
        wanted = {string.size(), value};
    const PrefixTree::Match found = tree.longest(text);
    EXPECT_EQ(found.bytes, wanted.bytes);
    EXPECT_EQ(found.value, wanted.value);
  }
}

TEST(PrefixTree, WithoutStringsFindsNothing) {
  EXPECT_EQ(PrefixTree().longest("a").bytes, 0u);
  EXPECT_EQ(PrefixTree({{"", 7}}).longest("a").bytes, 0u);
}

}  // namespace
}  // namespace tvr
