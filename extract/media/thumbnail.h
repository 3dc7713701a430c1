#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/time.h"

namespace tvr {

/// A JPEG (with this short side and square pixels) of the frame shown at `at`, or in the middle of the video:
/// never of one that is shown later, unless it is the first. Takes at most 20 s, twice that in a file that is
/// not seekable; where that is not enough, the frame is an earlier one. Empty if the video cannot be read: a
/// missing thumbnail is not an error.
[[nodiscard]] std::string thumbnail_jpeg(const std::filesystem::path& video, const std::optional<Micros>& at,
                                         int short_side_px = 112);

/// Base64 (RFC 4648).
[[nodiscard]] std::string base64(const std::string& bytes);

}  // namespace tvr
