#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "text/tokenizers/bpe.h"

namespace tvr {

class JsonStream;

/// Of all vocabularies. That of Gemma has 256,000.
constexpr std::int32_t kMostTokens = 1 << 24;

[[noreturn]] void bad_vocabulary(const std::string& where, const std::string& seen);

/// {"token": id, ...}: the next value of `json`. Throws Error(Corrupt) for a token that comes twice and for
/// ids that are not within 0 and kMostTokens.
[[nodiscard]] Vocabulary read_vocabulary(JsonStream& json);
/// The id of `token`. Throws Error(Corrupt) where it has none.
[[nodiscard]] std::int32_t id_of(const Vocabulary& vocabulary, const std::string& token,
                                 const std::string& where);
/// One more than the largest id.
[[nodiscard]] std::int32_t size_of(const Vocabulary& vocabulary);

/// The two tokens of a merge as files write them, with one blank between them. Throws Error(Corrupt).
[[nodiscard]] std::pair<std::string, std::string> split_merge(std::string_view line,
                                                              const std::string& where);
/// Throws Error(Corrupt) for a merge of tokens, or into a token, that the vocabulary lacks.
[[nodiscard]] BpeMerge merge_of(const Vocabulary& vocabulary, const std::string& left,
                                const std::string& right, const std::string& where);

}  // namespace tvr
