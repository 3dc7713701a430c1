// Cases of antoine77340/howto100m 50af0ff (its tokenizer and _words_to_we), run under PyTorch 1.13 and
// gensim 4.2 with a vocabulary of 21 words, sentences cut to five words.
#include "text/sentence.h"

#include <gtest/gtest.h>

#include "text/tokenizer.h"

namespace tvr {
namespace {

using Words = std::vector<std::string>;

struct Case {
  const char* sentence;
  Words tokens;
  Words known;  // the first five that have a vector
};

const Case kCases[] = {
    {"Don't cut the onion into 2 slices",
     {"Don't", "cut", "the", "onion", "into", "2", "slices"},
     {"cut", "the", "onion", "into", "2"}},
    {"add the water, stir; heat-oil!",
     {"add", "the", "water", "stir", "heat", "oil"},
     {"add", "the", "water", "stir", "heat"}},
    {"", {}, {}},
    {"!!!", {}, {}},
    {"  leading\tand\nnewline ", {"leading", "and", "newline"}, {}},
    {"it's", {"it's"}, {}},
    {"\xc2\xbd cup 2\xc2\xbd x\xc2\xb2", {"\xc2\xbd", "cup", "2\xc2\xbd", "x\xc2\xb2"}, {}},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88 the pan",
     {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "the", "pan"},
     {"the", "pan"}},
    {"\xe2\x80\x99til the don\xe2\x80\x99t", {"til", "the", "don", "t"}, {"the", "don"}},
    {"nan", {"nan"}, {"nan"}},
};

TEST(Sentence, KeepsTheFirstKnownWordsAsTheReferenceDoes) {
  const Words known = {"cut",   "the",  "onion", "into", "slices",      "Add",          "add",
                       "don't", "don",  "water", "2",    "caf\xc3\xa9", "stir",         "mix_well",
                       "pan",   "heat", "oil",   "it",   "nan",         "na\xc3\xafve", "'til"};
  WordTable table;
  for (const std::string& word : known) table.ids.emplace(word, static_cast<std::int32_t>(table.ids.size()));
  for (const Case& c : kCases) {
    EXPECT_EQ(tokenize(c.sentence), c.tokens) << c.sentence;
    Words kept;
    for (const std::int32_t id : encode(c.sentence, table, 5))
      kept.push_back(known[static_cast<std::size_t>(id)]);
    EXPECT_EQ(kept, c.known) << c.sentence;
  }
}

}  // namespace
}  // namespace tvr
