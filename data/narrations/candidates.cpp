#include "data/narrations/candidates.h"

#include <algorithm>
#include <cmath>

namespace tvr {

std::vector<int> candidate_lines(const Narration& narration, std::int64_t line, int count) {
  const std::int64_t lines = narration.size();
  const auto start = [&](std::int64_t i) { return narration.start[static_cast<std::size_t>(i)]; };
  const auto end = [&](std::int64_t i) { return narration.end[static_cast<std::size_t>(i)]; };
  std::int64_t first = line, last = line;
  for (int taken = 1; taken < count; ++taken) {
    if (first == 0) break;
    if (last == lines - 1) {
      first -= count - taken;
      break;
    }
    if (end(last) - start(first - 1) < end(last + 1) - start(first)) {
      --first;
    } else {
      ++last;
    }
  }
  std::vector<int> candidates;
  for (std::int64_t i = first; i < first + count; ++i)
    candidates.push_back(static_cast<int>(std::clamp<std::int64_t>(i, 0, lines - 1)));
  return candidates;
}

NarratedClip centred_clip(const Narration& narration, std::int64_t line, double min_time) {
  const auto at = static_cast<std::size_t>(line);
  NarratedClip clip{{static_cast<int>(line)}, narration.start[at], narration.end[at]};
  const double length = clip.end - clip.start;
  if (length < min_time) {
    clip.start = std::max(0.0, clip.start - (min_time - length) / 2);
    clip.end = clip.start + min_time;
  }
  clip.start = std::trunc(clip.start);
  clip.end = std::trunc(clip.end);
  return clip;
}

}  // namespace tvr
