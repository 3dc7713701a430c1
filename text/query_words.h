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
  struct Known {
    std::vector<float> vector;  // empty: the word is not in the file
    bool guessed = false;       // WordTable::guessed
  };
  std::unordered_map<std::string, Known> known_;
};

/// The words of `sentence` that are not in `table`, each once, in order.
[[nodiscard]] std::vector<std::string> unknown_words(const std::string& sentence, const WordTable& table);

/// Those that are in table.guessed, the same.
[[nodiscard]] std::vector<std::string> guessed_words(const std::string& sentence, const WordTable& table);

/// Whether a word is in `table`, and not guessed.
[[nodiscard]] bool has_familiar_word(const std::string& sentence, const WordTable& table);

}  // namespace tvr
