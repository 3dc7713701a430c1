#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tvr {

/// A row of HowTo100M's list of videos.
struct HowTo100MVideo {
  std::string id;              // as a video id, see Note [names and ids]
  std::filesystem::path path;  // of its features, below the folder of each lane
  int rank = 0;                // 1 to 200, its place among the results of its search; 0: not given
};

/// Reads HowTo100M_v1.csv (`video_id,category_1,category_2,rank,task_id[,path]`; columns by name, others are
/// ignored) in its order: the videos of at most this rank, or all for 0. The paper's smaller sets are ranks
/// up to 2, 3, 5, 10, 20, 40, 80. Without a path the features are in `<video_id>.npy`; blanks around a path
/// are no part of it. Memory grows with the chosen rows, not with the columns. Throws Error(Corrupt) naming
/// file and line for a rank that is no whole number from 1, an id that cannot be one and a path that leads
/// out of its folder, Error(NotFound) where the column `rank` is missing but needed and where no video is
/// chosen, Error(InvalidArgument) for a negative `max_rank`, and what CsvTable throws.
[[nodiscard]] std::vector<HowTo100MVideo> read_howto100m(const std::filesystem::path& csv, int max_rank = 0);

}  // namespace tvr
