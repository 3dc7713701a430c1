#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tvr {

/// A video by its name in the data set and its place on disk.
struct VideoSource {
  std::string id;  // "video7010", or the path below the videos folder without extension: "floor33/0001"
  std::filesystem::path path;
};

/// Throws Error(InvalidArgument) naming `where` unless `id` can be a relative file name and a table cell: not empty,
/// no control characters, no "." or ".." part, no leading '/' or '-', no backslash, at most 1024 bytes.
void validate_video_id(const std::string& id, const std::string& where);

/// All video files (by extension) below `folder`, sorted by id; the id is the path below the folder without its
/// extension (with it, where two files differ in the extension alone). Throws Error(NotFound) for a missing folder.
[[nodiscard]] std::vector<VideoSource> find_videos(const std::filesystem::path& folder);

/// Videos listed in a CSV: column `path` or `video_path` (relative to the CSV's folder), and optionally `video_id`
/// (default: the path without extension).
[[nodiscard]] std::vector<VideoSource> read_video_list(const std::filesystem::path& csv);

}  // namespace tvr
