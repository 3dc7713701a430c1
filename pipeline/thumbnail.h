#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/time.h"

namespace tvr {

/// A JPEG of the sampled picture (one a second, short side 112) at or before `at`, or of the middle of the
/// video where `at` is not given. Empty when the video cannot be read: a missing picture is no reason to
/// fail.
[[nodiscard]] std::string thumbnail_jpeg(const std::filesystem::path& video, const std::optional<Micros>& at);

/// RFC 4648.
[[nodiscard]] std::string base64(const std::string& bytes);

}  // namespace tvr
