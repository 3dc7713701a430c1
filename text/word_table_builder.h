#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/word_vectors.h"

namespace tvr {

/// Collects the vectors of requested words, in whatever order a file holds them.
class WordTableBuilder {
 public:
  /// `words` must outlive the builder; it may contain duplicates.
  WordTableBuilder(const std::vector<std::string>& words, int dim);

  /// Whether `word` is requested and has no vector yet: if a file has two, the first is used.
  [[nodiscard]] bool wants(std::string_view word) const;
  /// Memory for the `dim` numbers of a requested word, zero-initialised; valid until the next call.
  float* add(std::string_view word);

  /// The words found, in the order of the request. Throws Error(Corrupt) naming `where` and the word if a
  /// vector holds a NaN or an infinity.
  [[nodiscard]] WordTable take(const std::string& where) const;

 private:
  static constexpr std::int64_t kNotFound = -1;

  const std::vector<std::string>& words_;
  std::size_t dim_;
  std::unordered_map<std::string_view, std::int64_t> row_of_;  // of every requested word
  std::vector<float> rows_;                                    // [found, dim], in the order found
};

}  // namespace tvr
