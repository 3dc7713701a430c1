#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "extract/media/picture.h"
#include "extract/media/resize/passes.h"

namespace tvr {

enum class ResizeFilter { Bilinear, Bicubic };

/// A part of a picture: `size` pixels from row `top` and column `left`.
struct PictureWindow {
  int top = 0, left = 0;
  PictureSize size;
};

/// Resizes rgb24 pictures of one size to another, byte for byte as Pillow's Image.resize(size, BILINEAR or
/// BICUBIC), of which only a window is computed. Both filters are antialiased: on the way down they are
/// stretched by the factor. A separable convolution in two passes, rows before columns, with 8 bits between
/// them and weights of 22 fractional bits (python-pillow/Pillow, src/libImaging/Resample.c; bicubic with
/// a = -0.5: Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981).
class PillowResize {
 public:
  /// Throws Error(InvalidArgument) if a side is less than 1, or the window empty or not within `to`.
  ///   passes  the instructions to use; all give equal bytes
  PillowResize(PictureSize from, PictureSize to, ResizeFilter filter, PictureWindow window,
               const ResizePasses& passes = resize_passes());

  [[nodiscard]] PictureSize from() const noexcept { return from_; }
  /// The window's size: the size of what run() writes.
  [[nodiscard]] PictureSize size() const noexcept { return size_; }

  /// Reads rgb24 of the size `from`, writes rgb24 of size(); strides in bytes. Memory beside: the rows that
  /// one row of the result depends on.
  void run(const std::uint8_t* rgb, std::ptrdiff_t stride, std::uint8_t* to, std::ptrdiff_t to_stride) const;

 private:
  PictureSize from_, size_;
  const ResizePasses& passes_;
  PassWeights across_, down_;
};

/// The whole picture `to`.
[[nodiscard]] inline PictureWindow whole(PictureSize to) { return {0, 0, to}; }

}  // namespace tvr
