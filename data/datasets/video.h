#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/datasets/video_extensions.h"

namespace tvr {

/// A video: its id in the data set and its path on disk.
struct VideoSource {
  std::string id;  // "video7010", or the path below the videos folder without extension: "floor33/0001"
  std::filesystem::path path;
};

/// Throws Error(InvalidArgument) naming `where` unless `id` can be a relative file name and a table cell:
/// UTF-8, not empty, no control characters, no empty, "." or ".." part, no leading '/' or '-', no backslash,
/// at most 1024 bytes.
void validate_video_id(const std::string& id, const std::string& where);

/// `text` with everything that an id may not contain (control characters, backslashes, bytes that are not
/// UTF-8, a leading '-') escaped as %XX: a video named "-4wsuPCjDBc.avi" has the id "%2D4wsuPCjDBc".
[[nodiscard]] std::string escape_video_id(const std::string& text);

/// The id of a video at `relative`, including the extension: "./floor33/0001.mp4" gives "floor33/0001.mp4".
[[nodiscard]] std::string video_id_of_path(const std::filesystem::path& relative);

/// All video files (by extension) below `folder`, sorted by id; hidden files are skipped, links to folders
/// followed. The id is the path below the folder, escaped, without its extension (with it, where two files
/// differ only in the extension). A subfolder without read permission is listed like a video, so that it is
/// reported as unreadable instead of being silently skipped. Throws Error(NotFound) for a missing folder,
/// Error(Unreadable) for one without read permission. `passed_over` gets the other files.
[[nodiscard]] std::vector<VideoSource> find_videos(const std::filesystem::path& folder,
                                                   PassedOver* passed_over = nullptr);

/// Videos listed in a CSV, in its order: column `path` or `video_path` (relative to the CSV's folder), and
/// optionally `video_id` (default: the path without extension; only the file name where the path is absolute
/// or begins with ".."). Throws Error(Mismatch) when a path, an id or a `feature_path` (the output column of
/// video_feature_extractor's lists) appears twice.
[[nodiscard]] std::vector<VideoSource> read_video_list(const std::filesystem::path& csv);

/// A row of the same list with the path of the video's features: the column `feature_path`, verbatim.
struct ListedFeature {
  std::string video;
  std::string feature_path;
};
[[nodiscard]] std::vector<ListedFeature> read_feature_list(const std::filesystem::path& csv);

}  // namespace tvr
