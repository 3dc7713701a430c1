#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/datasets/video.h"

namespace tvr {

/// One of `count` parts of a set of videos, numbered from 1.
struct Shard {
  std::uint64_t index = 1, count = 1;  // 1 of 1: all videos
};

/// Parses "I/N" with 1 <= I <= N; "slurm" is shard_of_environment(). Throws Error(InvalidArgument) for
/// anything else.
[[nodiscard]] Shard shard_named(const std::string& text);

/// The place of this process among those that were started with it, from the variables that say so: of a task
/// in a Slurm array (SLURM_ARRAY_TASK_ID, counted from _MIN), of a process of mpirun (OMPI_COMM_WORLD_RANK),
/// torchrun (RANK) or srun (SLURM_PROCID and SLURM_STEP_NUM_TASKS); or of such a process in a task of an
/// array. Throws Error(InvalidArgument) when there are none, when one is no number or outside of its range,
/// and for an array with gaps, which does not say how many shards there are.
[[nodiscard]] Shard shard_of_environment();

/// The videos of a shard, assigned by a stable hash of the id: adding a video moves no other.
[[nodiscard]] std::vector<VideoSource> shard_of(const std::vector<VideoSource>& videos, const Shard& shard);

/// The number of the shard, from 1 to `count`, that contains the video.
[[nodiscard]] std::uint64_t shard_number(const std::string& video_id, std::uint64_t count);

/// Ascending numbers in the syntax of Slurm's --array: {1, 2, 3, 7} gives "1-3,7".
[[nodiscard]] std::string array_expression(const std::vector<std::uint64_t>& numbers);

}  // namespace tvr
