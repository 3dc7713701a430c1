#include "text/word2vec_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "data/mapped_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

constexpr Word2vecFormat kFormats[] = {Word2vecFormat::Binary, Word2vecFormat::Text};

/// The file of `vectors` in `format`, opened again.
std::unique_ptr<WordVectors> written(const TempFolder& folder, WordVectors& vectors, Word2vecFormat format) {
  const std::int64_t count = write_word2vec(vectors, format, folder / "out");
  auto read = open_word_vectors(folder / "out");
  EXPECT_EQ(read->size(), count);
  EXPECT_EQ(read->dim(), vectors.dim());
  return read;
}

void expect_equal(const WordTable& a, const WordTable& b) {
  ASSERT_EQ(a.words, b.words);
  for (std::int64_t i = 0; i < a.vectors.rows(); ++i) {
    const auto bytes = static_cast<std::size_t>(a.vectors.cols()) * sizeof(float);
    EXPECT_EQ(std::memcmp(a.vectors.row(i), b.vectors.row(i), bytes), 0)
        << a.words[static_cast<std::size_t>(i)];
  }
}

TEST(Word2vecWriter, WritesWhitenedVectors) {
  const TempFolder folder;
  const auto vectors = open_word_vectors(write_file(folder / "in", "a 5 1\nb 7 2\nc 6 9\nd 8 3\n"));
  const Whitening whitening = Whitening::of(vectors->lookup(vectors->words()).vectors);
  write_word2vec(*vectors, Word2vecFormat::Binary, folder / "out", {}, whitening);
  const WordTable read = open_word_vectors(folder / "out")->lookup({"a", "b", "c", "d"});
  for (std::int64_t column = 0; column < 2; ++column) {
    double sum = 0;
    for (std::int64_t word = 0; word < 4; ++word) sum += static_cast<double>(read.vectors.row(word)[column]);
    EXPECT_NEAR(sum, 0, 1e-5);
  }
}

TEST(Word2vecWriter, WritesWhatOurReaderReadsToTheBit) {
  const TempFolder folder;
  std::string glove;
  for (int w = 0; w < 300; ++w) {
    glove += "w" + std::to_string(w) + " " + std::to_string(w * 0.1) + " -1e-30 " +
             std::to_string(1.0 / (w + 3)) + " 123456789\n";
  }
  const auto vectors = open_word_vectors(write_file(folder / "in", glove + "Größe 1 2 3 4\n"));
  const std::vector<std::string> words = vectors->words();
  ASSERT_EQ(words.size(), 301U);
  for (const Word2vecFormat format : kFormats) {
    const auto read = written(folder, *vectors, format);
    EXPECT_EQ(read->words(), words);
    expect_equal(read->lookup(words), vectors->lookup(words));
  }
}

TEST(Word2vecWriter, WritesTheDictionaryOfAFastTextModelWithTheVectorsThatTheModelGives) {
  const TempFolder folder;
  SkipgramOptions options;
  options.dim = 8;
  options.min_words = 1000;
  train_skipgram({"a dog runs", "a dog sleeps", "a cat sleeps", "once"}, options, folder / "words.bin");
  const auto vectors = open_word_vectors(folder / "words.bin");
  const std::vector<std::string> words = vectors->words();
  EXPECT_THAT(words, Contains("dog"));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(vectors->size()));
  for (const Word2vecFormat format : kFormats) {
    const auto read = written(folder, *vectors, format);
    EXPECT_EQ(read->words(), words);
    expect_equal(read->lookup(words), vectors->lookup(words));
    EXPECT_TRUE(read->lookup({"dogs"}).words.empty()) << "subwords have no place in the file";
  }
}

TEST(Word2vecWriter, LeavesOutWhatTheFormatCannotHoldAndWordsThatComeAgain) {
  const TempFolder folder;
  const std::string one("\0\0\x80\x3f", 4), two("\0\0\0\x40", 4);
  const auto vectors = open_word_vectors(write_file(
      folder / "in", "4 1\ncat " + one + "\ndog\tdog " + one + "\ncat " + two + "\nowl " + two + "\n"));
  EXPECT_THAT(vectors->words(), ElementsAre("cat", "dog\tdog", "owl"));
  for (const Word2vecFormat format : kFormats) {
    const WordTable table = written(folder, *vectors, format)->lookup({"cat", "dog\tdog", "owl"});
    EXPECT_THAT(table.words, ElementsAre("cat", "owl"));
    EXPECT_EQ(table.vectors.row(0)[0], 1) << "the first of two counts";
  }
}

TEST(Word2vecWriter, LeavesAnExistingFileWhenItCannotFinish) {
  const TempFolder folder;
  write_file(folder / "out", "old");
  const auto vectors = open_word_vectors(write_file(folder / "in", "cat 1 2\n"));
  const auto stop = [](const ProgressEvent&) { return false; };
  expect_error([&] { (void)write_word2vec(*vectors, Word2vecFormat::Text, folder / "out", stop); },
               Fault::Interrupted, "stopped");
  EXPECT_EQ(std::filesystem::file_size(folder / "out"), 3U);
}

TEST(Word2vecWriter, WritesTheTextThatOthersRead) {
  const TempFolder folder;
  const auto vectors = open_word_vectors(write_file(folder / "in", "cat 1 0.1\ndog -2.5 1e-7\n"));
  (void)write_word2vec(*vectors, Word2vecFormat::Text, folder / "out");
  EXPECT_EQ(MappedFile(folder / "out").bytes(), "2 2\ncat 1 0.1\ndog -2.5 1e-07\n");
}

}  // namespace
}  // namespace tvr
