#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/datasets/video_extensions.h"
#include "data/datasets/video_id.h"

namespace tvr {

/// A video: its id in the data set and its path on disk.
struct VideoSource {
  std::string id;  // of its name: "video7010", or the path below the videos folder without extension
  std::filesystem::path path;
};

/// Calls its argument on the id and the path of every video that has an id already.
using KnownIds =
    std::function<void(const std::function<void(const std::string& id, const std::string& path)>&)>;

/// All video files (by extension) below `folder`, sorted by id; what is hidden is passed over, links to
/// folders are followed. The name of a video is its path below the folder without its extension (with it,
/// where two files differ only in the extension); a file that is among the `known` keeps its id, so that a
/// second file of its name that comes or goes does not change it. A subfolder that cannot be read is listed
/// like a video, so that it is reported as unreadable instead of being silently skipped. Throws
/// Error(NotFound) for a missing folder, Error(Unreadable) for one without read permission. `passed_over`
/// gets the other files, and hidden folders.
[[nodiscard]] std::vector<VideoSource> find_videos(const std::filesystem::path& folder,
                                                   const KnownIds& known = {},
                                                   PassedOver* passed_over = nullptr);

/// Videos listed in a CSV, in its order: column `path` or `video_path` (relative to the CSV's folder), and
/// optionally `video_id`, its name (default: the path without extension; only the file name where the path is
/// absolute or begins with ".."). Throws Error(Mismatch) when a path, an id or a `feature_path` (the output
/// column of video_feature_extractor's lists) appears twice.
[[nodiscard]] std::vector<VideoSource> read_video_list(const std::filesystem::path& csv);

/// A row of the same list with the path of the video's features: the column `feature_path`, verbatim.
struct ListedFeature {
  std::string video;
  std::string feature_path;
};
[[nodiscard]] std::vector<ListedFeature> read_feature_list(const std::filesystem::path& csv);

}  // namespace tvr
