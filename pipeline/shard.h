#pragma once

#include <string>
#include <vector>

#include "data/video.h"

namespace tvr {

/// The part I of N (1 <= I <= N, written "I/N") of `videos`, by a stable hash of the id: adding a video moves
/// no other. Throws Error(InvalidArgument) for another spelling.
[[nodiscard]] std::vector<VideoSource> shard_of(const std::vector<VideoSource>& videos,
                                                const std::string& shard);

}  // namespace tvr
