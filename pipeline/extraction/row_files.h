#pragma once

#include <filesystem>
#include <string>

#include "data/datasets/video.h"
#include "data/store/row_file.h"

namespace tvr {

/// Where the rows of a lane of a video wait for the video's end: beside the store, named after all that the
/// rows depend on, so that rows of another file, network or video are never taken for them. `recipe` is the
/// identity.
[[nodiscard]] RowPlace row_place(const std::filesystem::path& store, const std::string& video_id,
                                 const Digest& content, const Digest& recipe);

/// Deletes what interrupted extractions into `store` have left and nobody has come back for. REQUIRES: the
/// store's lock.
void remove_row_files(const std::filesystem::path& store);

}  // namespace tvr
