#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/narrations/narration.h"

namespace tvr {

// What holds for narrations whoever carries them.

/// The text of a line for which a carrier has a number or a truth value: Python's str() of it. NaN, which is
/// how pandas says that there is none, gives "".
[[nodiscard]] std::string line_text(std::int64_t number);
[[nodiscard]] std::string line_text(double number);
[[nodiscard]] std::string line_text(bool value);

/// Throws Error(Corrupt) with `where` unless there are as many starts and ends as texts.
void require_equal_columns(const Narration& narration, const std::string& where);

/// The id of a video's name, which enters here. Throws Error(Corrupt) as validate_video_id() does.
[[nodiscard]] std::string narrated_id(std::string_view name, const std::string& where);

}  // namespace tvr
