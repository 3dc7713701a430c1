#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

// JSON as the program writes it. Names and messages of untrusted files may hold bytes that are not UTF-8:
// they become U+FFFD.

/// Indented by two blanks a level.
[[nodiscard]] std::string json_text(const nlohmann::json& value);
/// On one line, without its end.
[[nodiscard]] std::string json_line(const nlohmann::json& value);

/// The objects of a text with one per line. Lines that are none, as the last of a file that is being written,
/// are passed over.
[[nodiscard]] std::vector<nlohmann::json> json_lines(std::string_view text);

}  // namespace tvr
