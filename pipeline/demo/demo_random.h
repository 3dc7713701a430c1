#pragma once

#include <cstddef>
#include <cstdint>

#include "data/splitmix64.h"

namespace tvr {

/// Random numbers that are the same on every platform: SplitMix64 (data/splitmix64.h). The distributions of
/// <random> differ between standard libraries, so they are not used.
class DemoRandom {
 public:
  /// Streams of one seed are independent: one per clip and purpose, so that the order of work does not
  /// matter.
  DemoRandom(std::uint64_t seed, std::uint64_t stream)
      : state_(splitmix64(seed + 1) ^ splitmix64(splitmix64(stream + 1))) {}

  [[nodiscard]] std::uint64_t next() { return splitmix64(state_ += kSplitMix64Step); }

  /// In [0, count); count >= 1 and far below 2^32, so that the bias of the remainder does not matter.
  [[nodiscard]] int below(int count) {
    return static_cast<int>((next() >> 32) % static_cast<std::uint64_t>(count));
  }

  /// In [low, high).
  [[nodiscard]] double between(double low, double high) {
    constexpr double kStep = 1.0 / 9007199254740992.0;  // 2^-53
    return low + (high - low) * static_cast<double>(next() >> 11) * kStep;
  }

  [[nodiscard]] bool chance(double probability) { return between(0, 1) < probability; }

  template <class Container>
  [[nodiscard]] const typename Container::value_type& pick(const Container& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace tvr
