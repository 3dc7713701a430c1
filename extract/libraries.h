#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/library_version.h"

namespace tvr {

/// libavformat, libavcodec, libavfilter, libswscale, libavutil and oneDNN.
[[nodiscard]] std::vector<LibraryVersion> extract_libraries();

/// libav's decoder for a codec, by the codec's short name ("av1" is decoded by "libdav1d"); empty if there is
/// none.
[[nodiscard]] std::string decoder_of(const std::string& codec);
/// Whether libav has an encoder with this name ("libx264").
[[nodiscard]] bool has_encoder(const std::string& encoder);

/// The duration in the container's header, in seconds, capped at what the file's size could hold at 4 kbit/s.
/// 0 if it is missing or unreadable. Reads the header only.
[[nodiscard]] double claimed_duration_s(const std::filesystem::path& video);

}  // namespace tvr
