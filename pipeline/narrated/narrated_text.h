#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "data/progress.h"
#include "pipeline/narrated/narrated_videos.h"

namespace tvr {

/// The distinct words of all lines. Throws Error(Interrupted) when progress, by videos, says stop.
[[nodiscard]] std::set<std::string> words_in(const NarratedVideos& videos, const Progress& progress);

/// All lines, or about `most` of them, those of evenly spaced videos.
[[nodiscard]] std::vector<std::string> sample_lines(const NarratedVideos& videos, std::size_t most);

}  // namespace tvr
