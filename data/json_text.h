#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// Files of the program have fewer than ten levels. Deeper values overflow the stack of whoever copies or
/// prints them.
constexpr int kMostJsonLevels = 64;

/// The value of a JSON text, which may come from a stranger. Throws Error(Corrupt), with `where` and
/// `advice`, for what is not JSON, has more than `most_levels` levels or has a key twice in an object. All
/// JSON but that with a stricter reader of its own (safetensors' headers, MSR-VTT) is read by this function.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, const std::string& where,
                                        const std::string& advice = {}, int most_levels = kMostJsonLevels);

// JSON as the program writes it. Names and messages of untrusted files may hold bytes that are not UTF-8:
// they become U+FFFD.

/// Indented by two blanks a level.
[[nodiscard]] std::string json_text(const nlohmann::json& value);
/// On one line, without its end.
[[nodiscard]] std::string json_line(const nlohmann::json& value);

/// The objects of a text with one per line. Lines that are none, as the last of a file that is being written,
/// or that parse_json() refuses are passed over.
[[nodiscard]] std::vector<nlohmann::json> json_lines(std::string_view text);

}  // namespace tvr
