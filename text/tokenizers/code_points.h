#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tvr {

/// A code point of well-formed UTF-8.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

/// The first of a text that is not empty. A byte that is not UTF-8 is U+FFFD.
[[nodiscard]] CodePoint first_code_point(std::string_view text) noexcept;

void append_utf8(std::string& text, char32_t code_point);

/// `text` with U+FFFD in place of each byte that is not UTF-8.
[[nodiscard]] std::string well_formed(std::string_view text);

// Classes of Unicode, by utf8proc's version of it.

[[nodiscard]] bool is_letter(char32_t c) noexcept;  // \p{L}
[[nodiscard]] bool is_number(char32_t c) noexcept;  // \p{N}
/// \s of Python's regex package and of Oniguruma: Unicode's White_Space.
[[nodiscard]] bool is_white_space(char32_t c) noexcept;
/// What Python's str.strip() removes and \s of its re module matches: White_Space and U+001C to U+001F.
[[nodiscard]] bool is_python_space(char32_t c) noexcept;

}  // namespace tvr
