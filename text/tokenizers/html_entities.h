#pragma once

#include <string>
#include <string_view>

namespace tvr {

/// Python's html.unescape(): character references replaced by what they stand for, by the rules of HTML 5.
/// Numbers that HTML corrects (those of Windows-1252) or forbids are treated as there; a name without its
/// semicolon counts where HTML 5 has it so, and the longest such one where more letters follow.
[[nodiscard]] std::string unescape_html(std::string_view text);

}  // namespace tvr
