#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace tvr {

/// The current rate, over the last half minute, so that a slow start or a resumed run does not distort the
/// estimated time.
class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit RateMeter(Time start) { seen_.emplace_back(start, 0); }
  void add(Time now, std::int64_t done);
  /// Per second; 0 while unknown.
  [[nodiscard]] double rate() const noexcept { return rate_; }

 private:
  std::deque<std::pair<Time, std::int64_t>> seen_;
  double rate_ = 0;
};

/// The content of a progress line.
struct ProgressState {
  std::string title;  // "extract"
  std::string unit;   // what is counted, in the plural: "videos"
  std::int64_t done = 0;
  std::int64_t total = 0;  // 0: unknown
  double rate = 0;         // per second; 0: unknown
  std::string note;        // "2 failed"
};

/// "extract 12/60 videos (20 %), 3.1 per second, 15 s left, 2 failed", in at most `columns` cells: less
/// important parts are dropped first (the rate, the unit, the percentage), the note last. With `bar` a bar is
/// drawn if there is room for it.
[[nodiscard]] std::string progress_text(const ProgressState& state, std::size_t columns, bool bar);

}  // namespace tvr
