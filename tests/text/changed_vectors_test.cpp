// Files of vectors that another program cuts or overwrites while they are in use.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"
#include "tests/support/write_file.h"
#include "text/word_vectors.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::TempFolder;

constexpr int kWords = 20'000, kDim = 4;

std::string word2vec_text() {
  std::string text = std::to_string(kWords) + " 4\n";
  for (int i = 0; i < kWords; ++i) text += "w" + std::to_string(i) + " 1 2 3 4\n";
  return text;
}

std::string word2vec_binary() {
  std::string bytes = std::to_string(kWords) + " 4\n";
  for (int i = 0; i < kWords; ++i)
    bytes += "w" + std::to_string(i) + " " + std::string(kDim * sizeof(float), '\1');
  return bytes;
}

/// Opens the vectors, damages their file, and expects words about it rather than an answer or a signal.
void expect_words(const std::filesystem::path& file, bool prepare,
                  const std::function<void(const std::filesystem::path&)>& damage) {
  const auto vectors = open_word_vectors(file);
  if (prepare) vectors->prepare();
  EXPECT_EQ(vectors->lookup({"w0", "w19999"}).words.size(), 2u);
  damage(file);
  for (int tries = 0; tries < 2; ++tries)
    expect_error([&] { (void)vectors->lookup({"w19999", "w5"}); }, Fault::Unreadable, "changed or cut");
}

void cut(const std::filesystem::path& file) { std::filesystem::resize_file(file, 4096); }
void empty(const std::filesystem::path& file) { std::filesystem::resize_file(file, 0); }
void overwrite_in_part(const std::filesystem::path& file) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(20);
  out << "w7";
}

class ChangedVectors : public ::testing::TestWithParam<bool> {};

TEST_P(ChangedVectors, AreSaidToBeSo) {
  const TempFolder folder;
  const std::filesystem::path file = folder / "vectors.bin";
  for (const auto& damage : {cut, empty, overwrite_in_part}) {
    testing::write_file(file, word2vec_text());
    expect_words(file, GetParam(), damage);
    testing::write_file(file, word2vec_binary());
    expect_words(file, GetParam(), damage);
    SkipgramOptions options;
    options.dim = kDim;
    options.epochs = options.min_words = 1;
    options.bucket = 20'000;
    train_skipgram({"w0 w19999 w5", "w0 w19999 w5"}, options, file);
    expect_words(file, GetParam(), damage);
  }
}

INSTANTIATE_TEST_SUITE_P(PreparedAndNot, ChangedVectors, ::testing::Bool());

}  // namespace
}  // namespace tvr
