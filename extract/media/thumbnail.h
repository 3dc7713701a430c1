#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/time.h"

namespace tvr {

/// A JPEG (short side 112) of the picture at or before `at`, of the middle of the video where `at` is not
/// given. Takes at most 20 s, twice that for a moment in a file that cannot be sought in. Empty when the
/// video cannot be read: a missing picture is no reason to fail.
[[nodiscard]] std::string thumbnail_jpeg(const std::filesystem::path& video, const std::optional<Micros>& at);

/// RFC 4648.
[[nodiscard]] std::string base64(const std::string& bytes);

}  // namespace tvr
