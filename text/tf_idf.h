#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/sparse_row.h"

namespace tvr {

/// Sentences as weighted counts of their words, in lower case. Weights and length are those of scikit-learn's
/// TfidfVectorizer: (ln((1 + N) / (1 + n)) + 1) per occurrence of a word that n of N sentences have, then
/// rows of unit length.
class TfIdf {
 public:
  /// Learns the words that at least two sentences have, at most `most_words`: the commonest.
  TfIdf(const std::vector<std::string>& sentences, std::size_t most_words);
  /// As an earlier one had them: words()[i] has weights()[i].
  TfIdf(std::vector<std::string> words, std::vector<float> weights);

  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }  // [V], sorted
  [[nodiscard]] const std::vector<float>& weights() const noexcept { return weights_; }    // [V]
  /// Of V columns; empty when no word of the sentence is known.
  [[nodiscard]] SparseRow encode(std::string_view sentence) const;

 private:
  void number();

  std::vector<std::string> words_;
  std::vector<float> weights_;
  std::unordered_map<std::string, std::int32_t> columns_;
};

}  // namespace tvr
