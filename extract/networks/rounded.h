#pragma once

#include <cstdint>
#include <cstring>

namespace tvr {

/// The bits of a float in bfloat16: rounded to nearest, ties to even. REQUIRES: no NaN, as in a network's
/// input and weights. Not for networks/bf16, whose inline functions are compiled for other processors.
[[nodiscard]] inline std::uint16_t rounded_to_bf16(float value) noexcept {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U);
}

}  // namespace tvr
