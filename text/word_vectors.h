#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "data/matrix.h"
#include "data/progress.h"

namespace tvr {

/// The vectors of the words in use: words[i] has vectors.row(i).
struct WordTable {
  std::vector<std::string> words;
  Matrix vectors;  // [V, E]
  std::unordered_map<std::string, std::int32_t> ids;
  /// Those of `words` that the vectors were not trained on: theirs are made of subwords.
  std::unordered_set<std::string> guessed;
  std::string note;  // one sentence on what was odd in the file, for a warning; empty: nothing was
};

/// A file of word vectors, open for lookup; only the requested words are read into memory.
class WordVectors {
 public:
  virtual ~WordVectors() = default;
  [[nodiscard]] virtual int dim() const noexcept = 0;  // E
  /// Number of words according to the file's header; GloVe's files have none and are scanned to count them.
  [[nodiscard]] virtual std::int64_t size() const noexcept = 0;
  /// All words of the file that lookup() finds by their own name (not by subwords), in the file's order, each
  /// once. Scans and throws as lookup() does.
  [[nodiscard]] virtual std::vector<std::string> words() const = 0;
  /// The vectors of those of `words` that have one, in order, without duplicates. Scans the whole file once
  /// and checks it: throws Error(Corrupt) naming the line or the word at fault, Error(Unreadable) if the file
  /// has been changed since it was opened.
  [[nodiscard]] virtual WordTable lookup(const std::vector<std::string>& words) const = 0;
  /// Scans the file once and indexes the offsets of its words (16 bytes each), so that later lookups take
  /// microseconds. Throws what lookup() throws. Does nothing if lookups need no scan.
  virtual void prepare() {}
};

/// Opens word2vec binary (GoogleNews), word2vec / GloVe / fastText text, or fastText `.bin` (with subwords,
/// so every word has a vector). The format is recognised by content; opening is immediate whatever the size.
/// Throws Error(NotFound | Corrupt | Unsupported), with the line for text files.
[[nodiscard]] std::unique_ptr<WordVectors> open_word_vectors(const std::filesystem::path& path);

struct SkipgramOptions {
  int dim = 100;  // E
  int epochs = 25;
  std::int64_t min_words = 1'000'000;  // a small corpus is repeated until so many were read
  int min_count = 2;                   // less frequent words get their vector from subwords only
  int bucket = 50'000;                 // subword hash buckets
  double lr = 0.05;
  int seed = 1;
  /// Vectors are whitened after training (text/whitening.h), those of unknown words too.
  bool whiten = false;
  /// Further columns, of random signs in the vector of each word that occurs min_count times and 0 in others:
  /// words of similar company stay distinguishable.
  int identity_columns = 0;
};

/// Longer words have no vector, neither trained nor from subwords.
constexpr std::size_t kMaxWordBytes = 4096;

/// Trains a fastText skip-gram model on `sentences` (tokenised by tokenize()) with one thread, so that equal
/// input gives equal bytes, and writes it to `path` (under a temporary name, then renamed). Throws
/// Error(InvalidArgument) for options out of range, Error(Mismatch) if there is nothing to learn from,
/// Error(Unreadable) if the file cannot be written, Error(Interrupted).
void train_skipgram(const std::vector<std::string>& sentences, const SkipgramOptions& options,
                    const std::filesystem::path& path, const Progress& progress = {});

}  // namespace tvr
