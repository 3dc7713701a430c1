#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/word_vectors.h"

namespace tvr {

/// Ids of a sentence's words in `table`: words without a vector are dropped, then the first `max_words` are
/// kept. Empty for a sentence without a known word (the model's input is then only padding).
[[nodiscard]] std::vector<std::int32_t> encode(std::string_view sentence, const WordTable& table,
                                               int max_words);

}  // namespace tvr
