#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tvr {

/// What each output pixel along one side is made of: count[i] source pixels from first[i] on, weighted by
/// weights[i * taps ...], fixed-point numbers with kWeightBits fractional bits. Their absolute values sum to
/// less than 2, so that a sum of products with bytes fits in 32 bits.
struct PassWeights {
  int taps = 0;  // the largest count, rounded up to an even number; the weights beyond a count are 0
  std::vector<int> first, count;
  std::vector<std::int32_t> weights;
};
inline constexpr int kWeightBits = 22;

/// Rows that one call resizes at once.
inline constexpr int kRowsAtOnce = 4;

/// The two passes for one instruction set; all give equal bytes. Rows between them have four bytes a pixel:
/// R, G, B, 0.
struct ResizePasses {
  const char* name;
  /// Resizes kRowsAtOnce rows of rgb24, `width` pixels each, to rows of first.size() pixels. Each of
  /// weights.first is even. `scratch` is scratch_bytes() long.
  void (*across)(const std::uint8_t* const* rows, int width, const PassWeights& weights,
                 std::uint8_t* const* to, std::uint8_t* scratch);
  std::size_t (*scratch_bytes)(int width);
  /// The weighted sum of `count` rows, `bytes` long each: a multiple of kRowBytes.
  void (*down)(const std::uint8_t* const* rows, int count, const std::int32_t* weights, std::size_t bytes,
               std::uint8_t* to);
};
inline constexpr std::size_t kRowBytes = 64;

extern const ResizePasses kPlainPasses;
#ifdef TVR_X86
extern const ResizePasses kAvx2Passes;
extern const ResizePasses kAvx512Passes;  // AVX-512 F and BW
#endif

/// The fastest that this processor can run.
[[nodiscard]] const ResizePasses& resize_passes() noexcept;

}  // namespace tvr
