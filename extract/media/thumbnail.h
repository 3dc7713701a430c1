#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/time.h"

namespace tvr {

/// A JPEG (short side 112) of the frame at or before `at`, or of the middle of the video. Takes at most 20 s,
/// twice that for a time in a file that is not seekable. Empty if the video cannot be read: a missing
/// thumbnail is not an error.
[[nodiscard]] std::string thumbnail_jpeg(const std::filesystem::path& video, const std::optional<Micros>& at);

/// Base64 (RFC 4648).
[[nodiscard]] std::string base64(const std::string& bytes);

}  // namespace tvr
