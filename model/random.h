#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "data/splitmix64.h"

namespace tvr {

/// What a random stream is used for. Each use has its own stream, so that drawing from one does not shift
/// another.
enum class RandomUse : std::uint64_t {
  Weights = 1,
  ClipOrder = 2,
  CaptionChoice = 3,
  Bootstrap = 4,
  VideoDropout = 5,
  TextDropout = 6
};

/// A counter-based generator: the n-th number of (seed, use, index) is a pure function of the four, the same
/// on every machine, so a resumed run needs no generator state. Computed by SplitMix64 (data/splitmix64.h).
class CounterRandom {
 public:
  CounterRandom(std::uint64_t seed, RandomUse use, std::uint64_t index = 0) noexcept
      : key_(splitmix64(splitmix64(splitmix64(seed) + static_cast<std::uint64_t>(use)) + index)) {}

  [[nodiscard]] std::uint64_t bits(std::uint64_t n) const noexcept {
    return splitmix64(key_ + (n + 1) * kSplitMix64Step);
  }
  /// Uniform in [0, 1), a multiple of 2^-24: exact in float32.
  [[nodiscard]] float uniform(std::uint64_t n) const noexcept {
    return static_cast<float>(bits(n) >> 40) * 0x1p-24F;
  }
  /// Uniform in [0, bound), bound in 1..2^32 (Lemire's multiplication; the bias is below bound / 2^32).
  [[nodiscard]] std::uint64_t below(std::uint64_t bound, std::uint64_t n) const noexcept {
    return ((bits(n) >> 32) * bound) >> 32;
  }

  /// bits(n) is splitmix64(key() + (n + 1) * kSplitMix64Step).
  [[nodiscard]] std::uint64_t key() const noexcept { return key_; }

 private:
  std::uint64_t key_;
};

/// Fisher-Yates shuffle.
template <class T>
void shuffle(std::vector<T>& values, const CounterRandom& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i, i)]);
}

}  // namespace tvr
