#include "extract/networks/unfold.h"

#include <algorithm>

#include "extract/networks/rounded.h"

namespace tvr {
namespace {

constexpr int kColors = 3;

std::size_t of(int value) { return static_cast<std::size_t>(value); }

}  // namespace

NetworkStep unfolded(const NetworkStep& first) {
  constexpr int kMultiple = 8;
  NetworkStep step = first;
  step.in_channels = (kColors * first.kernel[2] + kMultiple - 1) / kMultiple * kMultiple;
  step.kernel[2] = step.stride[2] = 1;
  step.padding[2] = 0;
  return step;
}

std::vector<float> unfold_weights(const std::vector<float>& weights, const NetworkStep& first) {
  const std::size_t rows = of(first.kernel[0] * first.kernel[1]), columns = of(first.kernel[2]);
  const std::size_t channels = of(unfolded(first).in_channels);
  std::vector<float> wide(of(first.out_channels) * channels * rows);
  for (std::size_t out = 0; out < of(first.out_channels); ++out) {
    for (std::size_t color = 0; color < kColors; ++color) {
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t x = 0; x < columns; ++x) {
          wide[(out * channels + kColors * x + color) * rows + row] =
              weights[((out * kColors + color) * rows + row) * columns + x];
        }
      }
    }
  }
  return wide;
}

void unfold_columns(const float* planes, int clips, int frames, int height, int width,
                    const NetworkStep& first, std::uint16_t* out) {
  const std::size_t rows = of(frames * height), plane = rows * of(width);
  const std::size_t channels = of(unfolded(first).in_channels), used = of(kColors * first.kernel[2]);
  const int columns = (width + 2 * first.padding[2] - first.kernel[2]) / first.stride[2] + 1;
  // A row with interleaved colours and zero padding at both ends, so that the columns under a kernel are
  // contiguous.
  std::vector<std::uint16_t> line(of(kColors * (width + 2 * first.padding[2])));
  std::fill_n(out, of(clips) * rows * of(columns) * channels, std::uint16_t{0});
  for (int clip = 0; clip < clips; ++clip, planes += kColors * plane) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t color = 0; color < kColors; ++color) {
        const float* const in = planes + color * plane + row * of(width);
        std::uint16_t* const to = line.data() + of(kColors * first.padding[2]) + color;
        for (std::size_t x = 0; x < of(width); ++x) to[kColors * x] = rounded_to_bf16(in[x]);
      }
      for (int column = 0; column < columns; ++column, out += channels) {
        std::copy_n(&line[of(kColors * column * first.stride[2])], used, out);
      }
    }
  }
}

}  // namespace tvr
