#include "extract/media/resize/passes.h"

#include <algorithm>

namespace tvr {
namespace {

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

std::uint8_t byte_of(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

void across(const std::uint8_t* const* rows, int /*width*/, const PassWeights& weights,
            std::uint8_t* const* to, std::uint8_t* /*scratch*/) {
  const auto taps = static_cast<std::size_t>(weights.taps);
  for (int row = 0; row < kRowsAtOnce; ++row) {
    std::uint8_t* result = to[row];
    for (std::size_t x = 0; x < weights.first.size(); ++x) {
      const std::uint8_t* pixel = rows[row] + static_cast<std::ptrdiff_t>(weights.first[x]) * 3;
      const std::int32_t* const weight = &weights.weights[x * taps];
      std::int32_t r = kHalf, g = kHalf, b = kHalf;
      for (int k = 0; k < weights.count[x]; ++k, pixel += 3) {
        r += weight[k] * pixel[0];
        g += weight[k] * pixel[1];
        b += weight[k] * pixel[2];
      }
      *result++ = byte_of(r);
      *result++ = byte_of(g);
      *result++ = byte_of(b);
      *result++ = 0;
    }
  }
}

void down(const std::uint8_t* const* rows, int count, const std::int32_t* weights, std::size_t bytes,
          std::uint8_t* to) {
  for (std::size_t begin = 0; begin < bytes; begin += kRowBytes) {
    std::int32_t sums[kRowBytes];
    std::fill_n(sums, kRowBytes, kHalf);
    for (int k = 0; k < count; ++k) {
      const std::uint8_t* const row = rows[k] + begin;
      for (std::size_t i = 0; i < kRowBytes; ++i) sums[i] += weights[k] * row[i];
    }
    for (std::size_t i = 0; i < kRowBytes; ++i) to[begin + i] = byte_of(sums[i]);
  }
}

std::size_t scratch_bytes(int /*width*/) { return 0; }

}  // namespace

const ResizePasses kPlainPasses{"plain", across, scratch_bytes, down};

const ResizePasses& resize_passes() noexcept {
#ifdef TVR_X86
  if (__builtin_cpu_supports("avx512bw")) return kAvx512Passes;
  if (__builtin_cpu_supports("avx2")) return kAvx2Passes;
#endif
  return kPlainPasses;
}

}  // namespace tvr
