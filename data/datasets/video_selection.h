#pragma once

#include <filesystem>
#include <vector>

#include "data/datasets/shard.h"
#include "data/datasets/video.h"

namespace tvr {

/// Which videos a command works on.
struct VideoSelection {
  std::filesystem::path folder;  // searched recursively
  std::filesystem::path list;    // or a CSV for read_video_list()
  Shard shard;                   // only this shard of them

  [[nodiscard]] bool is_named() const { return !folder.empty() || !list.empty(); }
};

/// Throws Error(InvalidArgument) when neither a folder nor a list is given, Error(NotFound) when there are no
/// videos, and what find_videos() and read_video_list() throw. A shard may be empty. `known`: for
/// find_videos(). `passed_over` gets the other files of a folder.
[[nodiscard]] std::vector<VideoSource> videos_of(const VideoSelection& selection, const KnownIds& known = {},
                                                 PassedOver* passed_over = nullptr);

}  // namespace tvr
