#pragma once

#include <filesystem>

namespace tvr {

/// $XDG_CACHE_HOME/pipeline, by default ~/.cache/pipeline: what can be got or made again. Throws
/// Error(NotFound) without a home.
[[nodiscard]] std::filesystem::path cache_folder();

}  // namespace tvr
