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

/// Throws Error(InvalidArgument) naming `where` unless `id` can be a relative file name and a table cell:
/// UTF-8, not empty, no control characters, no empty, "." or ".." part, no leading '/' or '-', no backslash,
/// at most 1024 bytes.
void validate_video_id(const std::string& id, const std::string& where);

/// `text` with what an id may not hold (control characters, backslashes, bytes that are not UTF-8, a leading
/// '-') as %XX: a video named "-4wsuPCjDBc.avi" has the id "%2D4wsuPCjDBc".
[[nodiscard]] std::string escape_video_id(const std::string& text);

/// The id of a video at `relative`, extension included: "./floor33/0001.mp4" gives "floor33/0001.mp4".
[[nodiscard]] std::string video_id_of_path(const std::filesystem::path& relative);

/// Whether the name ends as those of videos do (".mp4", ".AVI", ...).
[[nodiscard]] bool has_video_extension(const std::filesystem::path& path);

/// All video files (by extension) below `folder`, sorted by id; hidden ones are left out, links to folders
/// followed. The id is the path below the folder, escaped, without its extension (with it, where two files
/// differ in the extension alone). A subfolder that may not be read is listed like a video, so that it
/// becomes an unreadable one and is not passed over in silence. Throws Error(NotFound) for a missing folder,
/// Error(Unreadable) for one that may not be read.
[[nodiscard]] std::vector<VideoSource> find_videos(const std::filesystem::path& folder);

/// Videos listed in a CSV, in its order: column `path` or `video_path` (relative to the CSV's folder), and
/// optionally `video_id` (default: the path without extension; the file's name alone where the path is
/// absolute or begins with ".."). Throws Error(Mismatch) when a path, an id or a `feature_path` (the output
/// column of video_feature_extractor's lists) comes twice.
[[nodiscard]] std::vector<VideoSource> read_video_list(const std::filesystem::path& csv);

/// The same list with where each video's features lie: the column `feature_path`, as it is written there.
struct ListedFeature {
  std::string video;
  std::string feature_path;
};
[[nodiscard]] std::vector<ListedFeature> read_feature_list(const std::filesystem::path& csv);

}  // namespace tvr
