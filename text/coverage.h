#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/word_vectors.h"

namespace tvr {

/// How many of the words of some sentences are in a word table.
struct TextCoverage {
  std::int64_t sentences = 0;
  std::int64_t empty_sentences = 0;  // without a known word: the model's input is only padding
  std::int64_t words = 0;
  std::int64_t unknown_words = 0;
  std::vector<std::pair<std::string, std::int64_t>>
      commonest_unknown;  // with their counts, most frequent first
};

/// Counts every occurrence of every word; lists at most `examples` unknown words.
[[nodiscard]] TextCoverage measure_coverage(const std::vector<std::string>& sentences, const WordTable& table,
                                            std::size_t examples = 10);

}  // namespace tvr
