#pragma once

#include <cstdint>
#include <vector>

#include "data/narrations/narration.h"

namespace tvr {

// How MIL-NCE makes pairs of narrations (antoine77340/MIL-NCE_HowTo100M b282b15, video_loader.py): a clip has
// several candidate captions, the lines around the drawn one. REQUIRES of both: 0 <= line < size().

/// The `count` lines that stay closest to `line` in time, in order of time. At an end of the narration its
/// outermost line is repeated.
[[nodiscard]] std::vector<int> candidate_lines(const Narration& narration, std::int64_t line, int count);

/// The line's span, extended on both sides to `min_time` seconds where it is shorter, but not before 0; in
/// whole seconds, rounded down.
[[nodiscard]] NarratedClip centred_clip(const Narration& narration, std::int64_t line, double min_time);

}  // namespace tvr
