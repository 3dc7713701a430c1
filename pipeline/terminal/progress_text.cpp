#include "pipeline/terminal/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr std::chrono::seconds kWindow{30};
constexpr std::size_t kLeastBar = 8, kWidestBar = 24;

struct Piece {
  int rank;  // 0: always kept; the highest is dropped first
  std::string text;
};

std::string joined(const std::vector<Piece>& pieces, int highest) {
  std::string text;
  for (const Piece& piece : pieces) {
    if (piece.rank <= highest) text += piece.text;
  }
  return text;
}

std::string bar_of(double share, std::size_t cells) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(cells) + 0.5);
  return std::string(full, '#') + std::string(cells - full, '.');
}

/// Whole seconds below a minute, since tenths would flicker.
std::string left_text(double seconds) {
  return seconds < 59.5 ? fmt::format("{:.0f} s", seconds) : seconds_text(seconds);
}

}  // namespace

void RateMeter::add(Time now, std::int64_t done) {
  seen_.emplace_back(now, done);
  while (seen_.size() > 2 && now - seen_[1].first >= kWindow) seen_.pop_front();
  const double seconds = std::chrono::duration<double>(now - seen_.front().first).count();
  if (seconds > 0) rate_ = static_cast<double>(done - seen_.front().second) / seconds;
}

std::string progress_text(const ProgressState& state, std::size_t columns, bool bar) {
  const bool known = state.total > 0;
  const double share =
      known ? std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total)) : 0;
  std::vector<Piece> pieces = {
      {0, known ? fmt::format("{}/{}", state.done, state.total) : fmt::format("{}", state.done)},
      {4, ' ' + state.unit}};
  if (known) pieces.push_back({3, fmt::format(" ({:.0f} %)", 100 * share)});
  if (state.rate > 0) pieces.push_back({5, fmt::format(", {:.3g} per second", state.rate)});
  if (known && state.rate > 0 && state.done < state.total) {
    const double left_s = static_cast<double>(state.total - state.done) / state.rate;
    pieces.push_back({2, ", " + left_text(left_s) + " left"});
  }
  if (!state.note.empty()) pieces.push_back({1, ", " + state.note});

  const std::string title = state.title + ' ';
  int highest = 5;
  while (highest > 0 && title.size() + joined(pieces, highest).size() > columns) --highest;
  std::string text = joined(pieces, highest);
  const std::size_t used = title.size() + text.size() + 1;
  if (bar && known && used + kLeastBar <= columns) {
    text = bar_of(share, std::min(kWidestBar, columns - used)) + ' ' + text;
  }
  return (title + text).substr(0, columns);
}

}  // namespace tvr
