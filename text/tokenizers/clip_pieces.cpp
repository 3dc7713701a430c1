#include "text/tokenizers/clip_pieces.h"

#include <array>

#include "text/tokenizers/code_points.h"

namespace tvr {
namespace {

constexpr std::array<std::string_view, 2> kNames = {"<|startoftext|>", "<|endoftext|>"};
constexpr std::array<std::string_view, 7> kEndings = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};

/// The bytes of `text` that are `wanted`, which is ASCII in lower case; 0: it begins otherwise.
std::size_t match(std::string_view text, std::string_view wanted, bool any_case) {
  constexpr std::string_view kLongS = "\xc5\xbf";  // folds to 's'
  std::size_t at = 0;
  for (const char c : wanted) {
    const std::string_view rest = text.substr(at);
    if (rest.empty()) return 0;
    const char lower = rest[0] >= 'A' && rest[0] <= 'Z' ? static_cast<char>(rest[0] - 'A' + 'a') : rest[0];
    if ((any_case ? lower : rest[0]) == c)
      ++at;
    else if (any_case && c == 's' && rest.substr(0, kLongS.size()) == kLongS)
      at += kLongS.size();
    else
      return 0;
  }
  return at;
}

template <class Words>
std::size_t match_any(std::string_view text, const Words& words, bool any_case) {
  for (const std::string_view word : words)
    if (const std::size_t bytes = match(text, word, any_case); bytes > 0) return bytes;
  return 0;
}

/// The bytes at the beginning whose characters `belongs` accepts.
template <class Belongs>
std::size_t run(std::string_view text, Belongs belongs) {
  std::size_t at = 0;
  while (at < text.size()) {
    const CodePoint c = first_code_point(text.substr(at));
    if (!belongs(c.value)) break;
    at += c.bytes;
  }
  return at;
}

bool is_symbol(char32_t c) { return !is_white_space(c) && !is_letter(c) && !is_number(c); }

/// The bytes of the piece that `text` begins with, or of the white space that belongs to none (`is_piece`).
std::size_t piece_length(std::string_view text, bool any_case, bool& is_piece) {
  is_piece = true;
  if (const std::size_t bytes = match_any(text, kEndings, any_case); bytes > 0) return bytes;
  const CodePoint c = first_code_point(text);
  if (is_letter(c.value)) return run(text, is_letter);
  if (is_number(c.value)) return c.bytes;
  is_piece = !is_white_space(c.value);
  return is_piece ? run(text, is_symbol) : c.bytes;
}

bool stands_for_itself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::array<std::string, 256> make_byte_characters() {
  std::array<std::string, 256> characters;
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < characters.size(); ++byte)
    append_utf8(characters[byte], stands_for_itself(byte) ? byte : next++);
  return characters;
}

const std::array<std::string, 256>& byte_table() {
  static const auto characters = make_byte_characters();
  return characters;
}

}  // namespace

std::vector<std::string_view> clip_pieces(std::string_view text, ClipPattern pattern) {
  const bool any_case = pattern == ClipPattern::AnyCaseNames;
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    bool is_piece = true;
    std::size_t bytes = pattern == ClipPattern::Plain ? 0 : match_any(text, kNames, any_case);
    if (bytes > 0 && pattern == ClipPattern::WithNames) {
      constexpr std::size_t kMark = 2;
      pieces.push_back(text.substr(0, kMark));
      pieces.push_back(text.substr(kMark, bytes - 2 * kMark));
      pieces.push_back(text.substr(bytes - kMark, kMark));
    } else {
      if (bytes == 0) bytes = piece_length(text, any_case, is_piece);
      if (is_piece) pieces.push_back(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return pieces;
}

std::string byte_characters(std::string_view piece) {
  std::string characters;
  for (const char byte : piece) characters += byte_table()[static_cast<unsigned char>(byte)];
  return characters;
}

std::vector<std::string> all_byte_characters() {
  std::vector<std::string> all;
  for (const bool itself : {true, false}) {
    for (unsigned byte = 0; byte < 256; ++byte)
      if (stands_for_itself(byte) == itself) all.push_back(byte_table()[byte]);
  }
  return all;
}

}  // namespace tvr
