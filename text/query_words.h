#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "text/word_vectors.h"

namespace tvr {

/// Word vectors for sentences that come one after the other: a word is looked up in the file when it comes
/// for the first time, since a look-up walks through the whole file. Used by one thread at a time.
class QueryWords {
 public:
  explicit QueryWords(std::unique_ptr<WordVectors> vectors) : vectors_(std::move(vectors)) {}

  [[nodiscard]] int dim() const noexcept { return vectors_->dim(); }
  void prepare() { vectors_->prepare(); }
  /// The vectors of all words of `sentences` that have one.
  [[nodiscard]] WordTable table_for(const std::vector<std::string>& sentences);

 private:
  void look_up(const std::vector<std::string>& words);

  std::unique_ptr<WordVectors> vectors_;
  std::unordered_map<std::string, std::vector<float>> known_;  // empty: the file does not have the word
};

/// The words of `sentence` that `table` does not have, each once, in their order.
[[nodiscard]] std::vector<std::string> unknown_words(const std::string& sentence, const WordTable& table);

}  // namespace tvr
