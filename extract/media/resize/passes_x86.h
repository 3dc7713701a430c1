// The passes for AVX2 or AVX-512, whichever the including source is compiled for; that source defines
// TVR_PASSES and TVR_PASSES_NAME. All is in an unnamed namespace, so that the linker does not use these
// functions elsewhere.
//
// A multiplication of 16-bit pairs with their sum (vpmaddwd) takes two pixels at once. A weight has 24 bits,
// so it is split: weight = high * 2^15 + low, 0 <= low < 2^15. The sums of either half wrap around at 32
// bits, and so does what is made of them, which is right since the whole sum fits.

#include <immintrin.h>

#include <cstring>

#include "extract/media/resize/passes.h"

namespace tvr {
namespace {

#ifdef __AVX512BW__
using Vector = __m512i;
inline Vector load(const void* from) { return _mm512_loadu_si512(from); }
inline Vector widened(const std::uint8_t* from) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
inline Vector all(std::int32_t value) { return _mm512_set1_epi32(value); }
inline Vector sum(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
inline Vector pair_products(Vector a, Vector b) { return _mm512_madd_epi16(a, b); }
inline Vector products(Vector a, Vector b) { return _mm512_mullo_epi32(a, b); }
inline Vector shifted_left(Vector a) { return _mm512_slli_epi32(a, 15); }
inline void store_bytes(Vector sums, std::uint8_t* to) {
  const Vector levels = _mm512_max_epi32(_mm512_srai_epi32(sums, kWeightBits), _mm512_setzero_si512());
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtusepi32_epi8(levels));
}
#else
using Vector = __m256i;
inline Vector load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
inline Vector widened(const std::uint8_t* from) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}
inline Vector all(std::int32_t value) { return _mm256_set1_epi32(value); }
inline Vector sum(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
inline Vector pair_products(Vector a, Vector b) { return _mm256_madd_epi16(a, b); }
inline Vector products(Vector a, Vector b) { return _mm256_mullo_epi32(a, b); }
inline Vector shifted_left(Vector a) { return _mm256_slli_epi32(a, 15); }
inline void store_bytes(Vector sums, std::uint8_t* to) {
  const Vector levels = _mm256_srai_epi32(sums, kWeightBits);
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(levels), _mm256_extracti128_si256(levels, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
}
#endif

constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);
constexpr int kLanes = sizeof(Vector) / 4;
/// A pair of pixels of one row as 16-bit numbers: R R G G B B 0 0.
constexpr int kPairBytes = 16;
constexpr int kRowsPerVector = sizeof(Vector) / kPairBytes;
constexpr int kVectors = kRowsAtOnce / kRowsPerVector;
constexpr int kColumnBytes = kRowsAtOnce * kPairBytes;  // of the scratch: a pair of pixels of each row

std::size_t scratch_bytes(int width) { return (static_cast<std::size_t>(width) + 1) / 2 * kColumnBytes; }

/// Spreads the rows as pairs of pixels, [pair][row], with zeros after the last pixel.
void spread(const std::uint8_t* const* rows, int width, std::uint8_t* scratch) {
  const __m128i pair = _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  const int bytes = width * 3;
  const int pairs = (width + 1) / 2;
  const int safe = bytes < 16 ? 0 : (bytes - 16) / 6 + 1;  // pairs at which 16 bytes can be read
  for (int row = 0; row < kRowsAtOnce; ++row) {
    std::uint8_t* to = scratch + static_cast<std::ptrdiff_t>(row) * kPairBytes;
    for (int p = 0; p < pairs; ++p, to += kColumnBytes) {
      __m128i source;
      if (p < safe) {
        source = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[row] + std::ptrdiff_t{6} * p));
      } else {
        std::uint8_t rest[16] = {};
        const int left = bytes - 6 * p;
        std::memcpy(rest, rows[row] + std::ptrdiff_t{6} * p, static_cast<std::size_t>(left < 6 ? left : 6));
        source = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rest));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(source, pair));
    }
  }
}

/// Two 16-bit numbers in one lane.
inline std::int32_t pair_of(std::int32_t first, std::int32_t second) {
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(first) & 0xffffU) |
                                   static_cast<std::uint32_t>(second) << 16U);
}

void across(const std::uint8_t* const* rows, int width, const PassWeights& weights, std::uint8_t* const* to,
            std::uint8_t* scratch) {
  spread(rows, width, scratch);
  const auto taps = static_cast<std::size_t>(weights.taps);
  for (std::size_t x = 0; x < weights.first.size(); ++x) {
    const std::int32_t* weight = &weights.weights[x * taps];
    const int pairs = (weights.count[x] + 1) / 2;
    const std::uint8_t* from = scratch + static_cast<std::ptrdiff_t>(weights.first[x] / 2) * kColumnBytes;
    Vector low[kVectors], high[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      low[v] = all(kHalf);
      high[v] = all(0);
    }
    for (int p = 0; p < pairs; ++p, weight += 2, from += kColumnBytes) {
      const Vector low_pair = all(pair_of(weight[0] & 0x7fff, weight[1] & 0x7fff));
      const Vector high_pair = all(pair_of(weight[0] >> 15, weight[1] >> 15));
      for (int v = 0; v < kVectors; ++v) {
        const Vector pixels = load(from + static_cast<std::ptrdiff_t>(v) * sizeof(Vector));
        low[v] = sum(low[v], pair_products(pixels, low_pair));
        high[v] = sum(high[v], pair_products(pixels, high_pair));
      }
    }
    std::uint8_t levels[kRowsAtOnce * 4];
    for (int v = 0; v < kVectors; ++v)
      store_bytes(sum(low[v], shifted_left(high[v])), levels + static_cast<std::ptrdiff_t>(v) * kLanes);
    for (int row = 0; row < kRowsAtOnce; ++row) std::memcpy(to[row] + 4 * x, levels + 4 * row, 4);
  }
}

void down(const std::uint8_t* const* rows, int count, const std::int32_t* weights, std::size_t bytes,
          std::uint8_t* to) {
  constexpr int kBlocks = kRowBytes / kLanes;
  for (std::size_t begin = 0; begin < bytes; begin += kRowBytes) {
    Vector sums[kBlocks];
    for (Vector& one : sums) one = all(kHalf);
    for (int k = 0; k < count; ++k) {
      const Vector weight = all(weights[k]);
      for (int i = 0; i < kBlocks; ++i)
        sums[i] =
            sum(sums[i], products(widened(rows[k] + begin + static_cast<std::size_t>(i * kLanes)), weight));
    }
    for (int i = 0; i < kBlocks; ++i) store_bytes(sums[i], to + begin + static_cast<std::size_t>(i * kLanes));
  }
}

}  // namespace

const ResizePasses TVR_PASSES{TVR_PASSES_NAME, across, scratch_bytes, down};

}  // namespace tvr
