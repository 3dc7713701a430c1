// Our reader of fastText's .bin against the library's own, bit for bit, on whole files (its loader cannot be
// given others).
#include <fasttext/fasttext.h>
#include <gtest/gtest.h>

#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

using testing::TempFolder;

void expect_equal_vectors(const std::filesystem::path& path, const std::vector<std::string>& words) {
  SCOPED_TRACE(path.filename().string());
  fasttext::FastText library;
  library.loadModel(path.string());
  const auto vectors = open_word_vectors(path);
  ASSERT_EQ(vectors->dim(), library.getDimension());
  EXPECT_EQ(vectors->size(), library.getDictionary()->nwords());
  const WordTable table = vectors->lookup(words);
  for (const std::string& word : words) {
    fasttext::Vector wanted(library.getDimension());
    library.getWordVector(wanted, word);
    const auto found = table.ids.find(word);
    if (found == table.ids.end()) {
      EXPECT_EQ(wanted.norm(), 0) << word << " has a vector";
      continue;
    }
    for (std::int64_t i = 0; i < wanted.size(); ++i)
      ASSERT_EQ(table.vectors.row(found->second)[i], wanted[i]) << word << ", number " << i;
  }
}

const std::vector<std::string> kWords = {"the",
                                         "cat",
                                         "kitten",
                                         "catalogue",
                                         "x",
                                         "",
                                         "'",
                                         "caf\xc3\xa9",
                                         "\xe4\xba\xba\xe5\x9c\xa8",
                                         "</s>",
                                         "na\xc3\xafve\xcc\x81",
                                         "\xff\xfe",
                                         "computer",
                                         "human",
                                         "landlady",
                                         "anarchist",
                                         std::string(300, 'z')};

TEST(FasttextParity, HoldsForModelsTrainedHere) {
  const TempFolder folder;
  std::vector<std::string> sentences;
  for (int i = 0; i < 50; ++i)
    sentences.push_back(i % 2 ? "the caf\xc3\xa9 has a cat"
                              : "__label__x \xe4\xba\xba\xe5\x9c\xa8 kitten the");
  for (const int bucket : {0, 1, 1000}) {
    SkipgramOptions options;
    options.dim = 8;
    options.epochs = 1;
    options.min_words = 0;
    options.bucket = bucket;
    train_skipgram(sentences, options, folder / "v.bin");
    std::vector<std::string> words = kWords;
    words.push_back("__label__x");
    expect_equal_vectors(folder / "v.bin", words);
  }
}

TEST(FasttextParity, HoldsForRealModels) {
  TVR_NEEDS_SHARED("corpus");
  const auto folder = testing::shared_data("corpus") / "wordvecs/gensim/gensim/test/test_data";
  for (const char* name : {"toy-model.bin", "toy-model-pretrained.bin", "crime-and-punishment.bin"})
    expect_equal_vectors(folder / name, kWords);
}

}  // namespace
}  // namespace tvr
