#pragma once

#include <filesystem>
#include <vector>

#include "data/datasets/video.h"

namespace tvr {

/// The ids in these stores, for find_videos(). A store that does not exist yet knows none; nor does an empty
/// file, as a kill or a full disk leaves one where a store was about to be created. Calling the result throws
/// what opening a store throws.
[[nodiscard]] KnownIds known_ids(std::vector<std::filesystem::path> stores);

}  // namespace tvr
