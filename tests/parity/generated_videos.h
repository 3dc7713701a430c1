#pragma once

#include <filesystem>
#include <vector>

namespace tvr::testing {

/// Makes short videos of many kinds with the ffmpeg program: every rate, timing, geometry and colour that
/// changes which frames are taken or what they look like. What this ffmpeg cannot make is left out, and said.
/// `with_size_change`: also one that changes its size, which FFmpeg 7 fills up otherwise than FFmpeg 5.
[[nodiscard]] std::vector<std::filesystem::path> generate_videos(const std::filesystem::path& folder,
                                                                 bool with_size_change);

}  // namespace tvr::testing
