#pragma once

#include <cstddef>
#include <string_view>

namespace tvr {

/// A character at the beginning of some text.
struct Character {
  std::size_t bytes = 0;
  /// Whether a terminal may get it: not so what would control the terminal (C0 and C1), turn the direction of
  /// the text around it or hide in it (Unicode's format characters but the two joiners, which scripts need),
  /// break the line, or is not UTF-8.
  bool may_be_shown = false;
};

/// `text` must not be empty. A byte that is not UTF-8 is a character of its own.
[[nodiscard]] Character first_character(std::string_view text) noexcept;

}  // namespace tvr
