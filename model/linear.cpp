#include "model/linear.h"

#include <algorithm>

#include "model/kernels/kernels.h"
#include "model/parallel.h"

namespace tvr {

Matrix transposed(const Matrix& matrix) { return transposed(matrix, 0, matrix.cols()); }

Matrix transposed(const Matrix& matrix, std::int64_t first, std::int64_t past) {
  constexpr std::int64_t kSide = 16;  // a square tile whose rows are one cache line
  constexpr std::int64_t kElementCost = 32;
  const std::int64_t cols = past - first;
  Matrix turned(cols, matrix.rows());
  const std::int64_t strips = (cols + kSide - 1) / kSide;
  parallel_for(strips, kElementCost * kSide * matrix.rows(), [&](std::int64_t begin, std::int64_t end) {
    // By way of a tile, so that every line is read and written at once: the lines of a column, often a power
    // of two apart, would evict each other from the cache before they are used again.
    float tile[kSide][kSide];
    for (std::int64_t col = begin * kSide; col < std::min(end * kSide, cols); col += kSide) {
      const std::int64_t width = std::min(kSide, cols - col);
      for (std::int64_t row = 0; row < matrix.rows(); row += kSide) {
        const std::int64_t height = std::min(kSide, matrix.rows() - row);
        for (std::int64_t i = 0; i < height; ++i) {
          const float* const from = matrix.row(row + i) + first + col;
          for (std::int64_t j = 0; j < width; ++j) tile[j][i] = from[j];
        }
        for (std::int64_t j = 0; j < width; ++j) std::copy_n(tile[j], height, turned.row(col + j) + row);
      }
    }
  });
  return turned;
}

Matrix multiply_transposed(const Matrix& x, const Matrix& weight) {
  const Matrix across = transposed(x);
  Matrix y(weight.rows(), x.rows());  // W x^T: W, the larger matrix, is read row by row and only once
  parallel_for(weight.rows(), x.rows() * weight.cols(), [&](std::int64_t begin, std::int64_t end) {
    kernels().multiply({weight.row(begin), weight.cols(), 1, across.data(), x.rows(), y.row(begin), x.rows(),
                        end - begin, x.rows(), weight.cols()});
  });
  return transposed(y);
}

Matrix multiply(const Matrix& dy, const Matrix& weight) {
  const Matrix across = transposed(dy);  // rows a power of two apart would evict each other from the cache
  Matrix dx(dy.rows(), weight.cols());
  parallel_for(weight.cols(), dy.rows() * weight.rows(), [&](std::int64_t begin, std::int64_t end) {
    kernels().multiply({across.data(), 1, dy.rows(), weight.data() + begin, weight.cols(), dx.data() + begin,
                        dx.cols(), dy.rows(), end - begin, dy.cols()});
  });
  return dx;
}

std::vector<float> packed(const Matrix& x) {
  const std::int64_t width = kernels().panel_cols, panels = (x.cols() + width - 1) / width;
  std::vector<float> packed(static_cast<std::size_t>(panels * width * x.rows()));
  parallel_for(panels, width * x.rows(), [&](std::int64_t begin, std::int64_t end) {
    kernels().pack(x.data() + begin * width, x.cols(), std::min(end * width, x.cols()) - begin * width,
                   x.rows(), packed.data() + begin * width * x.rows());
  });
  return packed;
}

}  // namespace tvr
