#include "extract/networks/avx512/stem.h"

// Compiled for AVX-512: must not include inline functions that other translation units use.
#include <utility>

#include "extract/networks/avx512/vector.h"

namespace tvr::avx512 {
namespace {

// F(2, 7) at the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity, by the Toom-Cook construction (Blahut, Fast
// Algorithms for Signal Processing, 2010, chapter 5). Notation as in convolution.cpp, for the eight frames d,
// the seven kernel taps g and the two results Y.

constexpr float kStemInput[kStemTerms][kStemTerms] = {  // B^T
    {-1, 0, 5.25F, 0, -5.25F, 0, 1, 0},        {0, 1, 1, -4.25F, -4.25F, 1, 1, 0},
    {0, -1, 1, 4.25F, -4.25F, -1, 1, 0},       {0, 0.5F, 0.25F, -2.5F, -1.25F, 2, 1, 0},
    {0, -0.5F, 0.25F, 2.5F, -1.25F, -2, 1, 0}, {0, 2, 4, -2.5F, -5, 0.5F, 1, 0},
    {0, -2, 4, 2.5F, -5, -0.5F, 1, 0},         {0, -1, 0, 5.25F, 0, -5.25F, 0, 1}};
constexpr float kStemResult[2][kStemTerms] = {  // A^T
    {1, 1, 1, 1, 1, 1, 1, 0},
    {0, 1, -1, 2, -2, 0.5F, -0.5F, 1}};

/// G g for one line of a kernel along time.
void transform_stem_weights(const double* g, double* terms) {
  constexpr double kPoints[] = {0, 1, -1, 2, -2, 0.5, -0.5};
  for (int term = 0; term < kStemKernel; ++term) {
    double value = 0, scale = 1;
    for (int t = kStemKernel - 1; t >= 0; --t) value = value * kPoints[term] + g[t];
    for (int other = 0; other < kStemKernel; ++other) {
      if (other != term) scale *= kPoints[term] - kPoints[other];
    }
    terms[term] = value / scale;
  }
  terms[kStemKernel] = g[kStemKernel - 1];
}

int stem_rows(const Stem& shape) { return (shape.height - 1) / 2 + 1; }  // of the result
int stem_columns(const Stem& shape) { return (shape.width - 1) / 2 + 1; }

/// A padded plane of one term and colour.
struct StemPlane {
  std::size_t pitch = 0, floats = 0;
};
StemPlane stem_plane(const Stem& shape) {
  const std::size_t pitch = of(parts_of(shape.width + kStemKernel - 1, kBlock)) * kBlock;
  return {pitch, pitch * of(shape.height + kStemKernel - 1)};
}

/// B^T d for as many columns as a Value holds. `frames`: their addresses in d, null for zeros.
template <class Value>
void transform_stem_input(const float* const (&frames)[kStemTerms], std::size_t at, float* to,
                          std::size_t term_step) {
  Value d[kStemTerms];
#pragma GCC unroll 8
  for (int i = 0; i < kStemTerms; ++i) {
    d[i] = Value{};
    if (frames[i] != nullptr) __builtin_memcpy(&d[i], frames[i] + at, sizeof(Value));  // unaligned load
  }
#pragma GCC unroll 8
  for (int term = 0; term < kStemTerms; ++term) {
    Value sum{};
#pragma GCC unroll 8
    for (int i = 0; i < kStemTerms; ++i) {
      if (kStemInput[term][i] != 0) sum += kStemInput[term][i] * d[i];
    }
    __builtin_memcpy(to + of(term) * term_step, &sum, sizeof(Value));
  }
}

/// B^T times the frames [first, first + 8), to planes [8, 3]; leaves the borders unchanged.
void transform_stem_input(const Stem& shape, const float* source, int first, float* planes) {
  const StemPlane plane = stem_plane(shape);
  constexpr int kPadding = kStemKernel / 2;
  for (int color = 0; color < kStemColors; ++color) {
    for (int y = 0; y < shape.height; ++y) {
      const float* frames[kStemTerms] = {};
      for (int i = 0; i < kStemTerms; ++i) {
        const int frame = first + i;
        if (frame < 0 || frame >= shape.frames) continue;
        frames[i] = source + (of(color * shape.frames + frame) * of(shape.height) + of(y)) * of(shape.width);
      }
      float* const to = planes + of(color) * plane.floats + of(y + kPadding) * plane.pitch + kPadding;
      const std::size_t term_step = kStemColors * plane.floats;
      std::size_t x = 0;
      for (; x + kBlock <= of(shape.width); x += kBlock) {
        transform_stem_input<Vector>(frames, x, to + x, term_step);
      }
      for (; x < of(shape.width); ++x) transform_stem_input<float>(frames, x, to + x, term_step);
    }
  }
}

/// Adds a term's products at neighbouring positions of a row, [positions, kPanel] each, to both frames.
struct StemTile {
  const float* source = nullptr;  // input under the kernel's first cell at the first position
  std::size_t pitch = 0, plane = 0;
  const float* panel = nullptr;
  int term = 0;
  float* sums[2] = {nullptr, nullptr};
};

template <int kPositions>
void multiply_stem(const StemTile& tile) {
  Vector left[kPositions] = {}, right[kPositions] = {};
  const float* panel = tile.panel;
  for (int color = 0; color < kStemColors; ++color) {
    for (int y = 0; y < kStemKernel; ++y) {
      const float* const row = tile.source + of(color) * tile.plane + of(y) * tile.pitch;
#pragma GCC unroll 1
      for (int x = 0; x < kStemKernel; ++x, panel += kPanel) {
        // Neighbouring x read the same values: keeping them in registers would spill the sums.
        __asm__ volatile("" : : : "memory");
        const Vector left_weights = load(panel), right_weights = load(panel + kBlock);
#pragma GCC unroll 14
        for (int p = 0; p < kPositions; ++p) {
          left[p] += row[2 * p + x] * left_weights;
          right[p] += row[2 * p + x] * right_weights;
        }
      }
    }
  }
  for (int frame = 0; frame < 2; ++frame) {
    const float factor = kStemResult[frame][tile.term];
    float* const sums = tile.sums[frame];
    if (factor == 0) continue;
#pragma GCC unroll 14
    for (int p = 0; p < kPositions; ++p) {
      store(sums + p * kPanel, load(sums + p * kPanel) + factor * left[p]);
      store(sums + p * kPanel + kBlock, load(sums + p * kPanel + kBlock) + factor * right[p]);
    }
  }
}

template <int... kLess>
void (*multiply_stem_for(int positions, std::integer_sequence<int, kLess...>))(const StemTile&) {
  static constexpr void (*kAll[])(const StemTile&) = {multiply_stem<kLess + 1>...};
  return kAll[positions - 1];
}

/// One row of two frames of the result for a panel, to sums [2, columns, kPanel].
void convolve_stem_row(const Stem& shape, const float* planes, int y, const float* panel, float* sums) {
  const StemPlane plane = stem_plane(shape);
  const int columns = stem_columns(shape), parts = parts_of(columns, kMostPositions);
  const std::size_t frame_sums = of(columns) * kPanel;
  __builtin_memset(sums, 0, 2 * frame_sums * sizeof(float));
  StemTile tile;
  tile.pitch = plane.pitch;
  tile.plane = plane.floats;
  tile.panel = panel;
  for (tile.term = 0; tile.term < kStemTerms; ++tile.term) {
    const float* const row = planes + of(tile.term * kStemColors) * plane.floats + of(2 * y) * plane.pitch;
    for (int part = 0; part < parts; ++part) {
      const int begin = columns * part / parts, end = columns * (part + 1) / parts;
      tile.source = row + 2 * begin;
      tile.sums[0] = sums + of(begin) * kPanel;
      tile.sums[1] = tile.sums[0] + frame_sums;
      multiply_stem_for(end - begin, std::make_integer_sequence<int, kMostPositions>())(tile);
    }
    tile.panel += kStemColors * kStemKernel * kStemKernel * kPanel;
  }
}

}  // namespace

void pack_stem(const float* weights, int out, float* panels) {
  constexpr std::size_t kCells = kStemKernel * kStemKernel;  // per kernel frame
  constexpr std::size_t kTerm = kStemColors * kCells * kPanel;
  for (int channel = 0; channel < out; ++channel) {
    float* const panel = panels + of(channel / kPanel) * kStemTerms * kTerm + of(channel % kPanel);
    for (int color = 0; color < kStemColors; ++color, weights += kStemKernel * kCells) {
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        double line[kStemKernel], terms[kStemTerms];
        for (int t = 0; t < kStemKernel; ++t) line[t] = weights[of(t) * kCells + cell];
        transform_stem_weights(line, terms);
        for (int term = 0; term < kStemTerms; ++term) {
          panel[of(term) * kTerm + (of(color) * kCells + cell) * kPanel] = static_cast<float>(terms[term]);
        }
      }
    }
  }
}

std::size_t scratch_floats(const Stem& shape) {
  return of(kStemTerms * kStemColors) * stem_plane(shape).floats + 2 * of(stem_columns(shape)) * kPanel;
}

void convolve(const Stem& shape, const float* source, const float* panels, const Epilogue& epilogue,
              float* result, float* scratch) {
  const int rows = stem_rows(shape), columns = stem_columns(shape);
  const std::size_t row = of(columns) * kBlock, frame = of(rows) * row, block = of(shape.frames) * frame;
  float* const sums = scratch + of(kStemTerms * kStemColors) * stem_plane(shape).floats;
  __builtin_memset(scratch, 0, of(kStemTerms * kStemColors) * stem_plane(shape).floats * sizeof(float));
  for (int t = 0; t < shape.frames; t += 2) {
    transform_stem_input(shape, source, t - kStemKernel / 2, scratch);
    for (int y = 0; y < rows; ++y) {
      const float* panel = panels;
      for (int channel = 0; channel < shape.out; channel += kPanel) {
        convolve_stem_row(shape, scratch, y, panel, sums);
        panel += kStemTerms * kStemColors * kStemKernel * kStemKernel * kPanel;
        const float* sum = sums;
        for (int second = 0; second < smaller(2, shape.frames - t); ++second) {
          float* to = result + of(channel / kBlock) * block + of(t + second) * frame + of(y) * row;
          for (int x = 0; x < columns; ++x, to += kBlock, sum += kPanel) {
            for (int half = 0; half < 2; ++half) {
              Vector value = load(sum + half * kBlock) + load(epilogue.bias + channel + half * kBlock);
              float* const at = to + of(half) * block;
              if (epilogue.add_result) value += load(at);
              store(at, epilogue.relu ? relu(value) : value);
            }
          }
        }
      }
    }
  }
}

}  // namespace tvr::avx512
