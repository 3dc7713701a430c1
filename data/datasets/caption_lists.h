#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/datasets/dataset.h"

namespace tvr {

/// The captions of one video.
struct VideoCaptions {
  std::string video;  // its id
  std::vector<std::string> captions;
};

/// MSVD's AllVideoDescriptions.txt (Chen and Dolan, ACL 2011): a video, a blank and a caption a line; lines
/// that begin with '#' are comments. Throws Error(Corrupt) naming the line without a caption.
[[nodiscard]] std::vector<VideoCaptions> parse_msvd_text(const std::string& name, std::string_view text);

/// JSON that lists videos with their captions: VATEX's (Wang et al., ICCV 2019), [{"videoID": ..., "enCap":
/// [...]}], and the form in which MSVD is shared, [{"id": ..., "caption": [...]}]. Other keys are ignored.
/// Throws Error(Corrupt) naming the place ("[3].enCap").
[[nodiscard]] std::vector<VideoCaptions> parse_caption_json(const std::string& name, std::string_view text);

/// Whether a file looks like one of these. False unless it is a regular file. Throw what read_text_file()
/// throws.
[[nodiscard]] bool is_msvd(const std::filesystem::path& path);
[[nodiscard]] bool is_vatex(const std::filesystem::path& path);

/// MSVD: all captions are in one file, the splits in lists of video names, a line each. Without lists a share
/// of the videos is held out as test split, as of captions without splits. Throws as read_msrvtt() does.
[[nodiscard]] DataSet read_msvd(const DatasetSpec& spec);
/// VATEX: a file per split, as split_files() has it; without one for the test split a share is held out.
[[nodiscard]] DataSet read_vatex(const DatasetSpec& spec);

}  // namespace tvr
