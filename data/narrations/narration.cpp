#include "data/narrations/narration.h"

#include <fmt/format.h>

#include "data/error.h"

namespace tvr {
namespace {

/// Whether the next line is the earlier one, of the lines before `first` and after `last`, which both exist.
bool takes_earlier(const Narration& narration, const std::vector<int>& words_per_line, std::size_t first,
                   std::size_t last, double min_time) {
  if (min_time > 0) {
    const double with_later = narration.end[last + 1] - narration.start[first];
    const double with_earlier = narration.end[last] - narration.start[first - 1];
    return with_earlier <= with_later;
  }
  return min_time == 0 && words_per_line[last + 1] <= words_per_line[first - 1];
}

}  // namespace

NarratedClip grow(const Narration& narration, const std::vector<int>& words_per_line, std::int64_t line,
                  double min_time, std::int64_t min_words) {
  const auto count = static_cast<std::size_t>(narration.size());
  if (narration.start.size() != count || narration.end.size() != count || words_per_line.size() != count) {
    throw Error(Fault::InvalidArgument, "narration",
                fmt::format("{} starts, {} ends, {} texts and {} numbers of words", narration.start.size(),
                            narration.end.size(), count, words_per_line.size()));
  }
  if (line < 0 || line >= narration.size())
    throw Error(Fault::InvalidArgument, "narration", fmt::format("line {} of {} lines", line, count));
  auto first = static_cast<std::size_t>(line), last = first;
  NarratedClip clip;
  std::int64_t words = 0;
  const auto take = [&](std::size_t taken) {
    clip.lines.push_back(static_cast<int>(taken));
    words += words_per_line[taken];
  };
  take(first);
  while (words < min_words || narration.end[last] - narration.start[first] < min_time) {
    const bool has_earlier = first > 0, has_later = last + 1 < count;
    if (!has_earlier && !has_later) break;
    if (has_earlier && (!has_later || takes_earlier(narration, words_per_line, first, last, min_time))) {
      take(--first);
    } else {
      take(++last);
    }
  }
  clip.start = narration.start[first];
  clip.end = narration.end[last];
  return clip;
}

}  // namespace tvr
