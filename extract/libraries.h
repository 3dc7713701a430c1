#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/library_version.h"

namespace tvr {

/// libavformat, libavcodec, libavfilter, libswscale, libavutil and oneDNN.
[[nodiscard]] std::vector<LibraryVersion> extract_libraries();

/// libav's decoder for a codec by its short name ("av1" is decoded by "libdav1d"); empty: there is none.
[[nodiscard]] std::string decoder_of(const std::string& codec);
/// Whether libav has an encoder of this name ("libx264").
[[nodiscard]] bool has_encoder(const std::string& encoder);

/// The length that the container of a video claims, in seconds, but no more than its bytes could hold at 4
/// kbit/s; 0: it does not say, or cannot be read. Reads the header only.
[[nodiscard]] double claimed_duration_s(const std::filesystem::path& video);

}  // namespace tvr
