#include "extract/networks/bf16/convolution.h"

#ifdef __AVX512BF16__

// Compiled for AVX512_BF16: must not include inline functions that other translation units use.
#include <immintrin.h>

#include "extract/networks/bf16/layout.h"

namespace tvr::bf16 {
namespace {

constexpr int kKernel = 3;
constexpr int kMostRun = 28;  // positions whose sums fit into the registers beside three of weights

/// Each position of the padded source is a line per pair of inputs: in each lane the pair that this lane's
/// channel multiplies, of its own group. Lines are in order of frame, pair, row, column; what follows a row's
/// last column is the zero before the next row's first.
struct Lines {
  explicit Lines(const SmallGroups& shape)
      : pairs(shape.group / 2),
        pitch(shape.source.x + 1),
        plane(of(shape.source.y + 2) * of(pitch)),
        frame(of(pairs) * plane),
        positions((shape.source.y - 1) * pitch + shape.source.x),
        runs(parts_of(positions, kMostRun)),
        run(parts_of(positions, runs)) {}

  int pairs, pitch;
  std::size_t plane, frame;  // lines
  int positions;             // from the first result to the last, with one between rows
  int runs, run;             // positions are computed in runs of this many

  /// Of all frames; the last run reads up to a run's lines past the last plane.
  [[nodiscard]] std::size_t bytes(int frames) const {
    return (of(frames) * frame + of(kMostRun + kKernel)) * kLine;
  }
};

/// Lays out the channels of a block.
void arrange(const SmallGroups& shape, const Lines& lines, const Bf16* source, std::byte* to) {
  constexpr int kMostPairs = 8;
  __m512i places[kMostPairs];  // of the pair in each lane among the block's
  for (int pair = 0; pair < lines.pairs; ++pair) {
    alignas(kLine) std::int32_t place[kBlock];
    for (int lane = 0; lane < kBlock; ++lane) place[lane] = lane / shape.group * lines.pairs + pair;
    places[pair] = _mm512_load_si512(place);
  }
  const auto put = [&](std::size_t line, __m256i values) {
    const __m512i all = _mm512_castsi256_si512(values);
    for (int pair = 0; pair < lines.pairs; ++pair)
      _mm512_store_si512(to + (of(pair) * lines.plane + line) * kLine,
                         _mm512_permutexvar_epi32(places[pair], all));
  };
  const Box& size = shape.source;
  for (int t = 0; t < size.t; ++t, to += lines.frame * kLine) {
    for (int row = 0; row < size.y + 2; ++row) {
      std::size_t line = of(row) * of(lines.pitch);
      put(line++, __m256i{});
      const bool inside = row > 0 && row <= size.y;
      for (int x = 0; x < size.x; ++x, ++line) {
        put(line, inside ? *reinterpret_cast<const __m256i*>(source) : __m256i{});
        if (inside) source += shape.channels;
      }
    }
  }
  _mm512_store_si512(to, __m512i{});  // after the last row
}

/// A run of results of one block of channels.
struct Run {
  const std::byte* source = nullptr;  // the first line under the kernel
  const std::byte* weights = nullptr;
  int frames = 0;  // under the kernel
};

__m512bh load_pairs(const std::byte* from) { return reinterpret_cast<__m512bh>(_mm512_load_si512(from)); }

/// sums [kRun, kBlock]. Each line is loaded once for the three results that it is under the kernel of.
template <int kRun>
void multiply(const Run& run, const Lines& lines, float* sums) {
  __m512 sum[kRun];
#pragma GCC unroll 32
  for (int i = 0; i < kRun; ++i) sum[i] = _mm512_setzero_ps();
  const std::byte* weights = run.weights;
  const std::byte* plane = run.source;  // pairs' planes follow each other, and frames
  for (int i = 0; i < run.frames * lines.pairs; ++i, plane += lines.plane * kLine) {
    const std::byte* line = plane;
    for (int y = 0; y < kKernel; ++y, line += of(lines.pitch) * kLine, weights += kKernel * kLine) {
      const __m512bh first = load_pairs(weights), second = load_pairs(weights + kLine),
                     third = load_pairs(weights + 2 * kLine);
#pragma GCC unroll 32
      for (int x = 0; x < kRun + 2; ++x) {
        const __m512bh value = load_pairs(line + of(x) * kLine);
        if (x < kRun) sum[x] = _mm512_dpbf16_ps(sum[x], value, first);
        if (x >= 1 && x <= kRun) sum[x - 1] = _mm512_dpbf16_ps(sum[x - 1], value, second);
        if (x >= 2) sum[x - 2] = _mm512_dpbf16_ps(sum[x - 2], value, third);
      }
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < kRun; ++i) _mm512_store_ps(sums + i * kBlock, sum[i]);
}

using Multiply = void (*)(const Run&, const Lines&, float*);
template <int kRun = kMostRun>
Multiply multiply_for(int run) {
  if constexpr (kRun == 1) {
    return multiply<1>;
  } else {
    return run == kRun ? multiply<kRun> : multiply_for<kRun - 1>(run);
  }
}

void store(const float* sums, __m512 bias, const Epilogue& epilogue, Bf16* to) {
  auto* const half = reinterpret_cast<__m256i*>(to);
  __m512 sum = _mm512_load_ps(sums) + bias;
  if (epilogue.add_result)
    sum += _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(half)), 16));
  if (epilogue.relu) sum = _mm512_max_ps(sum, __m512{});
  _mm256_storeu_si256(half, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(sum)));
}

}  // namespace

std::size_t panel_values(const SmallGroups& shape) {
  return of(kKernel * kKernel * kKernel) * of(shape.group) * of(shape.channels);
}

void pack(const SmallGroups& shape, const float* weights, Bf16* panels) {
  constexpr std::size_t kCells = kKernel * kKernel * kKernel, kPlane = kKernel * kKernel;
  for (int block = 0; block < shape.channels; block += kBlock) {
    for (std::size_t t = 0; t < kKernel; ++t) {
      for (int pair = 0; pair < shape.group; pair += 2) {
        for (std::size_t cell = 0; cell < kPlane; ++cell) {
          for (int out = block; out < block + kBlock; ++out) {
            for (int in = pair; in < pair + 2; ++in)
              *panels++ = rounded(weights[(of(out) * of(shape.group) + of(in)) * kCells + t * kPlane + cell]);
          }
        }
      }
    }
  }
}

std::size_t scratch_bytes(const SmallGroups& shape) { return Lines(shape).bytes(shape.source.t); }

void convolve(const SmallGroups& shape, const void* source, const Bf16* panels, const Epilogue& epilogue,
              Bf16* result, void* scratch) {
  const Lines lines(shape);
  const Multiply multiply_run = multiply_for(lines.run);
  const std::size_t a_frame = of(kKernel * kKernel * lines.pairs) * kLine;  // bytes of weights
  auto* const planes = static_cast<std::byte*>(scratch);
  alignas(kLine) float sums[kMostRun * kBlock];
  for (int block = 0; block < shape.channels; block += kBlock) {
    arrange(shape, lines, static_cast<const Bf16*>(source) + block, planes);
    const std::byte* const weights =
        reinterpret_cast<const std::byte*>(panels) + of(block / kBlock) * kKernel * a_frame;
    const __m512 bias = _mm512_loadu_ps(epilogue.bias + block);
    for (int t = 0; t < shape.source.t; ++t) {
      const int begin = larger(0, t - 1), end = smaller(t + 2, shape.source.t);  // frames under the kernel
      Run run{planes + of(begin) * lines.frame * kLine, weights + of(begin - t + 1) * a_frame, end - begin};
      Bf16* to = result + of(t * shape.source.y * shape.source.x) * of(shape.channels) + block;
      for (int at = 0, x = 0; at < lines.positions; at += lines.run, run.source += of(lines.run) * kLine) {
        multiply_run(run, lines, sums);
        const int count = smaller(lines.run, lines.positions - at);
        for (int i = 0; i < count; ++i, x = x + 1 == lines.pitch ? 0 : x + 1) {
          if (x == shape.source.x) continue;  // between rows
          store(sums + of(i) * kBlock, bias, epilogue, to);
          to += shape.channels;
        }
      }
    }
  }
}

}  // namespace tvr::bf16

#else  // other architectures: never called

namespace tvr::bf16 {

std::size_t panel_values(const SmallGroups& /*shape*/) { return 0; }
void pack(const SmallGroups& /*shape*/, const float* /*weights*/, Bf16* /*panels*/) {}
std::size_t scratch_bytes(const SmallGroups& /*shape*/) { return 0; }
void convolve(const SmallGroups& /*shape*/, const void* /*source*/, const Bf16* /*panels*/,
              const Epilogue& /*epilogue*/, Bf16* /*result*/, void* /*scratch*/) {}

}  // namespace tvr::bf16

#endif
