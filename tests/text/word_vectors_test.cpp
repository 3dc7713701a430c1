#include "text/word_vectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <cstring>
#include <limits>
#include <locale>
#include <map>

#include "tests/support/expect_error.h"
#include "tests/support/hostile_files.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

std::string floats(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<float> row(const WordTable& table, const std::string& word) {
  const float* values = table.vectors.row(table.ids.at(word));
  return {values, values + table.vectors.cols()};
}

TEST(WordVectors, ReadsWord2vecBinaryWithAndWithoutLineEnds) {
  const TempFolder folder;
  for (const std::string end : {"\n", ""}) {
    const auto path = write_file(folder / "v.bin",
                                 "2 3\nthe " + floats({1, 2, 3}) + end + "cat " + floats({4, 5, 6}) + end);
    const auto vectors = open_word_vectors(path);
    EXPECT_EQ(vectors->dim(), 3);
    EXPECT_EQ(vectors->size(), 2);
    const WordTable table = vectors->lookup({"cat", "dog", "the", "cat"});
    EXPECT_THAT(table.words, ElementsAre("cat", "the"));
    EXPECT_THAT(row(table, "the"), ElementsAre(1, 2, 3));
    EXPECT_THAT(row(table, "cat"), ElementsAre(4, 5, 6));
    EXPECT_EQ(table.ids.size(), 2u);
  }
}

TEST(WordVectors, GiveTheSameOncePrepared) {
  const TempFolder folder;
  std::string text, binary;
  for (int w = 0; w < 500; ++w) {
    const int word = w % 400;  // the last hundred come twice: the first counts
    text += "w" + std::to_string(word) + " " + std::to_string(w) + " 0.5\n";
    binary += "w" + std::to_string(word) + " " + floats({static_cast<float>(w), 0.5F}) + "\n";
  }
  for (const std::string& bytes : {text, "500 2\n" + text, "500 2\n" + binary}) {
    const auto vectors = open_word_vectors(write_file(folder / "v", bytes));
    std::vector<std::string> words = {"nowhere", ""};
    for (int w = 399; w >= 0; --w) words.push_back("w" + std::to_string(w));
    const WordTable before = vectors->lookup(words);
    vectors->prepare();
    const WordTable after = vectors->lookup(words);
    EXPECT_EQ(before.words, after.words);
    ASSERT_EQ(after.words.size(), 400U);
    for (const std::string& word : after.words) EXPECT_EQ(row(before, word), row(after, word));
    EXPECT_THAT(row(after, "w7"), ElementsAre(7, 0.5));
  }
}

TEST(WordVectors, NameTheLineOfABadNumberOncePrepared) {
  const TempFolder folder;
  const auto vectors = open_word_vectors(write_file(folder / "v", "a 1 2\nb 3 x\nc 5 6\n"));
  vectors->prepare();
  EXPECT_EQ(vectors->lookup({"c"}).words.size(), 1U);
  expect_error([&] { (void)vectors->lookup({"b"}); }, Fault::Corrupt, "v:2");
}

TEST(WordVectors, ReadsTextOfEveryStyle) {
  const TempFolder folder;
  for (const char* text : {"2 3\nthe 1 2 3\ncat 4e0 +5 -6.0\n", "the 1 2 3\ncat 4e0 5 -6.0\n",
                           "2 3\r\nthe 1 2 3 \r\ncat 4 5 -6\r\n", "the\t1\t2\t3\ncat\t4\t5\t-6",
                           "2 3 \nthe  1 2 3\ncat 4 5 -6", "2\t3\nthe\t1\t2\t3\ncat\t4\t5\t-6\n",
                           "\xef\xbb\xbf"
                           "2 3\nthe 1 2 3\ncat 4 5 -6\n",
                           "\xef\xbb\xbf"
                           "the 1 2 3\ncat 4 5 -6\n"}) {
    SCOPED_TRACE(text);
    const auto vectors = open_word_vectors(write_file(folder / "v.txt", text));
    EXPECT_EQ(vectors->dim(), 3);
    EXPECT_EQ(vectors->size(), 2);
    const WordTable table = vectors->lookup({"cat", "the"});
    EXPECT_THAT(row(table, "the"), ElementsAre(1, 2, 3));
    EXPECT_THAT(row(table, "cat"), ElementsAre(4, 5, -6));
    vectors->prepare();
    EXPECT_THAT(row(vectors->lookup({"the"}), "the"), ElementsAre(1, 2, 3));
  }
}

TEST(WordVectors, ReadsTheSameNumbersWhateverTheLocale) {
  struct DecimalComma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
  };
  const TempFolder folder;
  const auto path = write_file(folder / "v.txt", "1 2\nthe 1.5 -2.25\n");
  const std::locale before = std::locale::global(std::locale(std::locale(), new DecimalComma));
  const char* const had_one = std::setlocale(LC_NUMERIC, "de_DE.UTF-8");  // where it is installed
  const WordTable table = open_word_vectors(path)->lookup({"the"});
  std::locale::global(before);
  EXPECT_THAT(row(table, "the"), ElementsAre(1.5F, -2.25F)) << (had_one ? had_one : "");
}

TEST(WordVectors, TakesTheFirstOfTwoVectorsOfAWord) {
  const TempFolder folder;
  const auto vectors = open_word_vectors(write_file(folder / "v.txt", "the 1 2\nthe 3 4\n"));
  EXPECT_THAT(row(vectors->lookup({"the"}), "the"), ElementsAre(1, 2));
}

TEST(WordVectors, PassesOverWordsThatAreOrContainABlankAndCountsThem) {
  const TempFolder folder;
  const std::string odd[] = {
      ". . 0.5 0.6\n",  "at name@domain.com 7.0 8\n", "24 7 0.7 0.8\n", "  7 8\n", " 7 8\n", "\t0.1 0.2\n",
      "my\tname 7 8\n", "\xc2\xab \xc2\xbb 0.1 0.2\n"};
  for (const std::string& line : odd) {
    SCOPED_TRACE(line);
    const std::string last = line + "the 1 2\ncat 3 4\n", first = "the 1 2\ncat 3 4\n" + line;
    for (const std::string& text : {last, first, "3 2\n" + last, "3 2\n" + first}) {
      SCOPED_TRACE(text);
      const auto vectors = open_word_vectors(write_file(folder / "v.txt", text));
      EXPECT_EQ(vectors->dim(), 2);
      const WordTable table = vectors->lookup({"cat", "at", ".", "24", "7", "my", "name"});
      EXPECT_THAT(table.words, ElementsAre("cat"));
      EXPECT_THAT(row(table, "cat"), ElementsAre(3, 4));
      EXPECT_THAT(table.note, ::testing::HasSubstr("1 of 3 words"));
      vectors->prepare();
      EXPECT_THAT(vectors->lookup({"cat", "at", "my"}).words, ElementsAre("cat"));
    }
  }
  EXPECT_EQ(open_word_vectors(write_file(folder / "v.txt", "the 1 2\n"))->lookup({"the"}).note, "");
}

TEST(WordVectors, ReadsATextFileWhoseHeaderIsOffByOneWordAndSaysSo) {
  const TempFolder folder;
  for (const std::string count : {"1", "3"}) {
    const auto vectors = open_word_vectors(write_file(folder / "v", count + " 2\nthe 1 2\ncat 3 4\n"));
    const WordTable table = vectors->lookup({"the", "cat"});
    EXPECT_THAT(row(table, "the"), ElementsAre(1, 2));
    EXPECT_THAT(row(table, "cat"), ElementsAre(3, 4));
    EXPECT_THAT(table.note, ::testing::HasSubstr("the header says " + count + " words, there are 2"));
  }
}

TEST(WordVectors, NamesTheLineAtFaultInText) {
  const TempFolder folder;
  const std::map<std::string, std::string> wrong = {
      {"2 2\nthe 1 2\ncat 3\n", ":3: the line has 1 numbers; expected 2"},
      {"2 2\nthe 1 2\ncat 3 4 5\n", ":3: the line has 3 numbers; expected 2"},
      {"the 1 2\ncat 3 4 5\n", ":2: the line has 3 numbers; expected 2"},
      {"2 2\nthe 1 2\n\ncat 3 4\n", ":3: the line has 0 numbers"},
      {"1 2\nthe 1,5 2\n", ":2: '1,5' in the vector of 'the' is not a number"},
      {"1 2\nthe 1 nan\n", "the vector of 'the' holds a number that is not finite"},
      {"1 2\nthe 1 1e99\n", "the vector of 'the' holds a number that is not finite"},
      {"the 1 2\ncat\tand dog 1 2 3\n", ":2: the line has 3 numbers; expected 2"},
      {"4 2\nthe 1 2\ncat 1 2\n", "the header says 4 words, there are 2"},
      {"1 2\nthe 1 2\ncat 1 2\ndog 1 2\n", "the header says 1 words, there are 3"}};
  for (const auto& [text, phrase] : wrong) {
    SCOPED_TRACE(text);
    const auto path = write_file(folder / "v.txt", text);
    expect_error([&] { (void)open_word_vectors(path)->lookup({"the"}); }, Fault::Corrupt, phrase);
  }
}

TEST(WordVectors, NeverTakesAVectorThatIsNotFinite) {
  const TempFolder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto vectors = open_word_vectors(
      write_file(folder / "v.bin", "2 2\nthe " + floats({1, nan}) + "cat " + floats({1, 2})));
  expect_error([&] { (void)vectors->lookup({"the"}); }, Fault::Corrupt, "the vector of 'the' holds a number");
  EXPECT_THAT(vectors->lookup({"cat"}).words, ElementsAre("cat"));
}

TEST(WordVectors, RefusesWhatIsNoFileOfVectors) {
  const TempFolder folder;
  for (const char* text : {"<html>\n", "just some words here\n", "\x1f\x8b\x08", "\n", "12 a\n"})
    expect_error([&] { (void)open_word_vectors(write_file(folder / "v", text)); }, Fault::Unsupported,
                 "header");
  expect_error([&] { (void)open_word_vectors(write_file(folder / "v.h5", "\x89HDF\r\n\x1a\n")); },
               Fault::Unsupported, "an HDF5 file");
  expect_error([&] { (void)open_word_vectors(write_file(folder / "v.txt.bz2", "BZh91AY&SY")); },
               Fault::Unsupported, "compressed with bzip2");
  const auto glove = open_word_vectors(write_file(folder / "v", "<unk> 1 2\nthe 3 4\n"));
  EXPECT_EQ(glove->size(), 2) << "a first word like the start of a web page";
  expect_error([&] { (void)open_word_vectors(write_file(folder / "v", "\x80\x04\x95gensim.models")); },
               Fault::Unsupported, "save_word2vec_format");
  expect_error([&] { (void)open_word_vectors(write_file(folder / "v", "")); }, Fault::Corrupt, "is empty");
  expect_error([&] { (void)open_word_vectors(folder / "none"); }, Fault::NotFound, "No such file");
  expect_error([&] { (void)open_word_vectors(folder.path()); }, Fault::Unsupported, "not a regular file");
}

TEST(WordVectors, ReadsRealFilesOfEachFormatAlike) {
  TVR_NEEDS_SHARED("corpus");
  const auto folder = testing::shared_data("corpus") / "wordvecs/gensim/gensim/test/test_data";
  struct Real {
    const char* name;
    int dim;
    std::int64_t words;
    const char* word;
  };
  for (const Real& real :
       {Real{"euclidean_vectors.bin", 10, 2747, "the"}, Real{"word2vec_pre_kv_c", 10, 1750, "the"},
        Real{"test_glove.txt", 50, 76, "the"}, Real{"crime-and-punishment.vec", 5, 291, "\xd0\x98"},
        Real{"EN.1-10.cbow1_wind5_hs0_neg10_size300_smpl1e-05.txt", 300, 20, "one"}}) {
    SCOPED_TRACE(real.name);
    const auto vectors = open_word_vectors(folder / real.name);
    EXPECT_EQ(vectors->dim(), real.dim);
    EXPECT_EQ(vectors->size(), real.words);
    EXPECT_EQ(vectors->lookup({real.word, "qqzxv"}).words.size(), 1u);
  }
}

TEST(WordVectors, MeetsEveryHostileFileAsTheManifestSays) {
  TVR_NEEDS_SHARED("hostile");
  const std::map<std::string, std::string> wanted = {
      {"w2v_header", "header"},       {"w2v_truncated", ""},
      {"fasttext_header", "header"},  {"fasttext_truncated", "ends too early"},
      {"nonfinite_vector", "finite"}, {"vec_row", ".vec:"}};
  const std::map<std::string, std::string> more = {{"w_count_too_high.bin", "ends too early"},
                                                   {"w_endless_word.bin", "word 1 never ends"},
                                                   {"w_gzip.bin", "is compressed: it has no header"},
                                                   {"v_row_short.vec", ":3: the line has 2 numbers"}};
  for (const char* kind : {"word2vec", "vec", "fasttext"}) {
    const auto files = testing::hostile_files(kind);
    ASSERT_FALSE(files.empty());
    for (const testing::HostileFile& file : files) {
      SCOPED_TRACE(file.name + ": " + file.note);
      const auto read = [&] {
        const auto vectors = open_word_vectors(file.path);
        const WordTable table = vectors->lookup({"the", "a", "cat", "x", "y", "caf\xe9", "</s>"});
        if (!file.is_ok) return;
        EXPECT_EQ(vectors->dim(), file.facts["dim"]);
        EXPECT_EQ(vectors->size(), file.facts["words"]);
        EXPECT_GE(table.words.size(), 2u);
      };
      if (file.is_ok) {
        EXPECT_NO_THROW(read());
        continue;
      }
      const auto specific = more.find(file.name);
      const std::string phrase = specific == more.end() ? wanted.at(file.error_class) : specific->second;
      try {
        read();
        ADD_FAILURE() << "no error";
      } catch (const Error& error) {
        EXPECT_TRUE(error.fault() == Fault::Corrupt || error.fault() == Fault::Unsupported) << error.what();
        EXPECT_THAT(error.what(), ::testing::HasSubstr(phrase));
      }
    }
  }
}

}  // namespace
}  // namespace tvr
