#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// What CLIP's tokenizers cut a text into, as Hugging Face's write it.
constexpr std::string_view kClipPattern = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

/// The same after the two names of special tokens, as openai/CLIP has it and some files of Hugging Face.
constexpr std::string_view kClipPatternWithNames =
    R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

/// By which of them, and how.
enum class ClipPattern {
  Plain,
  WithNames,     // Hugging Face's ByteLevel cuts the names again, into "<|", the word and "|>"
  AnyCaseNames,  // as openai/CLIP: without regard to case, by which U+017F is an 's'
};

/// All that the pattern finds in a well-formed text, in order, as views of it.
[[nodiscard]] std::vector<std::string_view> clip_pieces(std::string_view text, ClipPattern pattern);

/// Each byte as the character that GPT-2 has for it (openai/gpt-2, bytes_to_unicode): printable bytes of
/// Latin-1 stand for themselves, the other 68 are U+0100 and on, in their order.
[[nodiscard]] std::string byte_characters(std::string_view piece);

/// These characters in the order in which CLIP's vocabulary begins: first those that stand for themselves.
[[nodiscard]] std::vector<std::string> all_byte_characters();

}  // namespace tvr
