#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/word_vectors.h"

namespace tvr {

/// How much of some sentences a word table knows.
struct TextCoverage {
  std::int64_t sentences = 0;
  std::int64_t empty_sentences = 0;  // without a known word: the model sees padding only
  std::int64_t words = 0;
  std::int64_t unknown_words = 0;
  std::vector<std::pair<std::string, std::int64_t>>
      commonest_unknown;  // with their counts, the commonest first
};

/// Counts every word of every sentence as often as it comes; of the unknown ones at most `examples` are
/// named.
[[nodiscard]] TextCoverage measure_coverage(const std::vector<std::string>& sentences, const WordTable& table,
                                            std::size_t examples = 10);

}  // namespace tvr
