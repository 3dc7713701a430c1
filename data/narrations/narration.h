#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tvr {

/// What is said in a video: its lines in the file's order, as three equally long columns. Lines overlap in
/// time (YouTube's captions roll); starts usually ascend, ends need not.
struct Narration {
  std::vector<double> start, end;  // seconds
  std::vector<std::string> text;   // empty: the source has no text here (NaN, null)

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(text.size()); }
};

/// A clip grown from a line.
struct NarratedClip {
  std::vector<int> lines;  // in the order in which their words follow one another: the drawn line first
  double start = 0, end = 0;
};

/// Grows `line` by its neighbours until the clip has at least `min_words` words and lasts at least `min_time`
/// seconds, or has all lines (HowTo100M's _get_single_text, antoine77340/howto100m 50af0ff,
/// youtube_dataloader.py). The neighbour that is taken is the one that makes the clip shorter (min_time > 0)
/// or has fewer words (min_time = 0), the earlier one if both are equal; with a negative min_time it is the
/// later one. Its words follow those that are there, wherever it stands. `words_per_line`: tokens of each
/// line's text, known words or not. Throws Error(InvalidArgument) when `line` is none of the narration's or
/// the columns differ in length.
[[nodiscard]] NarratedClip grow(const Narration& narration, const std::vector<int>& words_per_line,
                                std::int64_t line, double min_time, std::int64_t min_words);

}  // namespace tvr
