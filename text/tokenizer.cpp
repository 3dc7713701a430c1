#include "text/tokenizer.h"

#include <utf8proc.h>

#include <array>

namespace tvr {
namespace {

constexpr std::array<bool, 128> make_ascii_word_table() {
  std::array<bool, 128> is_word{};
  for (std::size_t c = 0; c < 128; ++c)
    is_word[c] =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '\'';
  return is_word;
}
constexpr std::array<bool, 128> kAsciiWord = make_ascii_word_table();

/// Python's \w outside ASCII is str.isalnum(): letters (L*) and everything with a numeric value, which are
/// the numbers (N*) and some letters. Marks (M*) are not word characters: "é" written with a combining accent
/// is split there.
bool is_word_category(utf8proc_category_t category) {
  switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

/// Length in bytes of the word character at the start of `text`; 0 if there is none.
std::size_t word_character_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 128) return kAsciiWord[first] ? 1 : 0;
  utf8proc_int32_t code_point = 0;
  const utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                   static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  return length > 0 && is_word_category(utf8proc_category(code_point)) ? static_cast<std::size_t>(length) : 0;
}

}  // namespace

std::vector<std::string> tokenize(std::string_view sentence) {
  std::vector<std::string> words;
  for (std::size_t start = 0; start < sentence.size();) {
    std::size_t end = start;
    while (const std::size_t length = word_character_length(sentence.substr(end))) end += length;
    if (end > start) words.emplace_back(sentence.substr(start, end - start));
    start = end + 1;  // a separator may have several bytes: its continuation bytes do not start a word either
  }
  return words;
}

}  // namespace tvr
