#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/word_vectors.h"

namespace tvr {

/// Collects the vectors of wanted words in whatever order a file holds them.
class WordTableBuilder {
 public:
  /// `words` must outlive the builder; a word may be asked for twice.
  WordTableBuilder(const std::vector<std::string>& words, int dim);

  /// Whether `word` is wanted and has no vector yet: of two vectors in a file the first counts.
  [[nodiscard]] bool wants(std::string_view word) const;
  /// Where the `dim` numbers of a wanted word go, zero as yet; valid until the next call.
  float* add(std::string_view word);

  /// The words that were added, in the order they were asked for. Throws Error(Corrupt) naming `where` and
  /// the word for a vector that holds a NaN or an infinity.
  [[nodiscard]] WordTable take(const std::string& where) const;

 private:
  static constexpr std::int64_t kNotFound = -1;

  const std::vector<std::string>& words_;
  std::size_t dim_;
  std::unordered_map<std::string_view, std::int64_t> row_of_;  // of every wanted word
  std::vector<float> rows_;                                    // [found, dim], as they were found
};

}  // namespace tvr
