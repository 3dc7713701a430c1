#pragma once

#include <cstdint>

namespace tvr {

/// Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014. The n-th number (n = 1,
/// 2, ...) of the generator SplitMix64 begun at `state` is splitmix64(state + n * kSplitMix64Step), the same
/// on every machine.
constexpr std::uint64_t kSplitMix64Step = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio

/// Its finaliser: mixes all bits of `z`.
[[nodiscard]] constexpr std::uint64_t splitmix64(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
  return z ^ (z >> 31U);
}

}  // namespace tvr
