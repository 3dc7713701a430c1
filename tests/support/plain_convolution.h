#pragma once

#include <array>
#include <cstddef>

namespace tvr {

/// A convolution by its definition. Sizes are {frames, rows, columns}.
struct PlainConvolution {
  using Sizes = std::array<int, 3>;
  int in = 0, out = 0, groups = 1;
  Sizes source{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, padding{0, 0, 0};

  [[nodiscard]] Sizes result() const {
    Sizes sizes{};
    for (std::size_t i = 0; i < 3; ++i) sizes[i] = (source[i] + 2 * padding[i] - kernel[i]) / stride[i] + 1;
    return sizes;
  }
  [[nodiscard]] static std::size_t volume(const Sizes& sizes) {
    return static_cast<std::size_t>(sizes[0]) * static_cast<std::size_t>(sizes[1]) *
           static_cast<std::size_t>(sizes[2]);
  }
  /// Of weights [out, in / groups, kernel].
  [[nodiscard]] std::size_t weight_count() const {
    return static_cast<std::size_t>(out) * static_cast<std::size_t>(in / groups) * volume(kernel);
  }

  /// The sum of output channel `channel` at {t, y, x} of the result; `value(channel, position)` is the
  /// source's, positions counted row by row, `weight(i)` the i-th weight.
  template <class Value, class Weight>
  [[nodiscard]] double sum(int channel, const Sizes& at, const Value& value, const Weight& weight) const {
    double sum = 0;
    const int group = in / groups, first = channel / (out / groups) * group;
    std::size_t i = static_cast<std::size_t>(channel) * static_cast<std::size_t>(group) * volume(kernel);
    for (int from = first; from < first + group; ++from) {
      for (int kt = 0; kt < kernel[0]; ++kt) {
        for (int ky = 0; ky < kernel[1]; ++ky) {
          for (int kx = 0; kx < kernel[2]; ++kx, ++i) {
            const int t = at[0] * stride[0] - padding[0] + kt, y = at[1] * stride[1] - padding[1] + ky,
                      x = at[2] * stride[2] - padding[2] + kx;
            const bool inside = t >= 0 && t < source[0] && y >= 0 && y < source[1] && x >= 0 && x < source[2];
            if (inside)
              sum += static_cast<double>(value(from, (t * source[1] + y) * source[2] + x)) * weight(i);
          }
        }
      }
    }
    return sum;
  }

  /// Calls visit({t, y, x}, position) for each position of the result.
  template <class Visit>
  void for_results(const Visit& visit) const {
    const Sizes sizes = result();
    int position = 0;
    for (int t = 0; t < sizes[0]; ++t) {
      for (int y = 0; y < sizes[1]; ++y) {
        for (int x = 0; x < sizes[2]; ++x) visit(Sizes{t, y, x}, position++);
      }
    }
  }
};

}  // namespace tvr
