#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "text/word_vectors.h"

namespace tvr {

/// Word vectors for a stream of sentences. A word is looked up in the file on its first occurrence only,
/// because a lookup may scan the whole file. Not thread-safe.
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
  std::unordered_map<std::string, std::vector<float>> known_;  // empty: the word is not in the file
};

/// The words of `sentence` that are not in `table`, each once, in order.
[[nodiscard]] std::vector<std::string> unknown_words(const std::string& sentence, const WordTable& table);

}  // namespace tvr
