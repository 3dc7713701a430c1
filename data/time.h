#pragma once

#include <chrono>

namespace tvr {

/// All times are in microseconds from the start of the video.
using Micros = std::chrono::microseconds;

/// Half-open: includes `start`, excludes `end`.
struct TimeSpan {
  Micros start{0};
  Micros end{0};

  [[nodiscard]] bool overlaps(const TimeSpan& other) const noexcept {
    return start < other.end && other.start < end;
  }
  friend bool operator==(const TimeSpan& a, const TimeSpan& b) noexcept {
    return a.start == b.start && a.end == b.end;
  }
  friend bool operator!=(const TimeSpan& a, const TimeSpan& b) noexcept { return !(a == b); }
};

}  // namespace tvr
