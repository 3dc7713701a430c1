#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/matrix.h"
#include "data/progress.h"

namespace tvr {

/// The vectors of the words in use: the row of words[i] is vectors.row(i).
struct WordTable {
  std::vector<std::string> words;
  Matrix vectors;  // [V, E]
  std::unordered_map<std::string, std::int32_t> ids;
};

/// A file of word vectors, open for look-up; only the words asked for are read into memory.
class WordVectors {
 public:
  virtual ~WordVectors() = default;
  [[nodiscard]] virtual int dim() const noexcept = 0;  // E
  /// Words in the file, by its header; GloVe's files have none and are counted, which reads them.
  [[nodiscard]] virtual std::int64_t size() const noexcept = 0;
  /// The known words among `words`, in their order, each once. Words without a vector are left out. Walks
  /// through the whole file once and checks it on the way: throws Error(Corrupt) naming the line or the word
  /// at fault.
  [[nodiscard]] virtual WordTable lookup(const std::vector<std::string>& words) const = 0;
  /// Walks through the file once and notes where its words lie (16 bytes each), so that later look-ups take
  /// microseconds. Throws as lookup() does. Nothing where look-ups do not walk anyway.
  virtual void prepare() {}
};

/// Opens word2vec binary (GoogleNews), word2vec / GloVe / fastText text, or fastText `.bin` (subwords: every
/// word has a vector); told apart by content, and opened at once whatever the size. Throws Error(NotFound |
/// Corrupt | Unsupported), with the line for text files.
[[nodiscard]] std::unique_ptr<WordVectors> open_word_vectors(const std::filesystem::path& path);

struct SkipgramOptions {
  int dim = 100;  // E
  int epochs = 25;
  std::int64_t min_words = 1'000'000;  // few sentences are passed over more often, until so many were read
  int min_count = 2;                   // rarer words get their vector from subwords alone
  int bucket = 50'000;                 // subword hash buckets
  double lr = 0.05;
  int seed = 1;
};

/// Trains a fastText skip-gram model on `sentences` (tokenised as tokenize() does) with one thread, so that
/// equal input gives equal bytes, and writes it to `path` (written aside, then renamed). Throws
/// Error(InvalidArgument) when there is nothing to learn from, Error(Unreadable) when the file cannot be
/// written, Error(Interrupted).
void train_skipgram(const std::vector<std::string>& sentences, const SkipgramOptions& options,
                    const std::filesystem::path& path, const Progress& progress = {});

}  // namespace tvr
