#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/datasets/video.h"

namespace tvr {

/// The part I of N (1 <= I <= N, written "I/N") of `videos`, by a stable hash of the id: adding a video moves
/// no other. Throws Error(InvalidArgument) for another spelling.
[[nodiscard]] std::vector<VideoSource> shard_of(const std::vector<VideoSource>& videos,
                                                const std::string& shard);

/// Which of `parts` shards holds the video, from 1 on.
[[nodiscard]] std::uint64_t shard_number(const std::string& video_id, std::uint64_t parts);

/// Rising numbers as Slurm's --array takes them: {1, 2, 3, 7} gives "1-3,7".
[[nodiscard]] std::string array_expression(const std::vector<std::uint64_t>& numbers);

}  // namespace tvr
