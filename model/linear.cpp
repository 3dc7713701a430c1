#include "model/linear.h"

#include <algorithm>

#include "model/kernels/kernels.h"
#include "model/parallel.h"

namespace tvr {
namespace {

constexpr std::int64_t kGrain = 64;  // rows or columns of a product that are worth a thread

}  // namespace

Matrix transposed(const Matrix& matrix) {
  constexpr std::int64_t kSide = 16;  // a square of one cache line a side
  Matrix turned(matrix.cols(), matrix.rows());
  for (std::int64_t row = 0; row < matrix.rows(); row += kSide) {
    for (std::int64_t col = 0; col < matrix.cols(); col += kSide) {
      for (std::int64_t j = col; j < std::min(col + kSide, matrix.cols()); ++j) {
        for (std::int64_t i = row; i < std::min(row + kSide, matrix.rows()); ++i)
          turned.row(j)[i] = matrix.row(i)[j];
      }
    }
  }
  return turned;
}

Matrix multiply_transposed(const Matrix& x, const Matrix& weight) {
  const Matrix across = transposed(x);
  Matrix y(weight.rows(), x.rows());  // as W x^T: W, the large one, is then read along its rows, once
  parallel_for(weight.rows(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels().multiply({weight.row(begin), weight.cols(), 1, across.data(), x.rows(), y.row(begin), x.rows(),
                        end - begin, x.rows(), weight.cols()});
  });
  return transposed(y);
}

Matrix multiply(const Matrix& dy, const Matrix& weight) {
  Matrix dx(dy.rows(), weight.cols());
  parallel_for(weight.cols(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    kernels().multiply({dy.data(), dy.cols(), 1, weight.data() + begin, weight.cols(), dx.data() + begin,
                        dx.cols(), dy.rows(), end - begin, dy.cols()});
  });
  return dx;
}

void weight_gradient_rows(const Matrix& dy_transposed, const Matrix& x, std::int64_t begin, std::int64_t end,
                          float* out) {
  kernels().multiply({dy_transposed.row(begin), dy_transposed.cols(), 1, x.data(), x.cols(), out, x.cols(),
                      end - begin, x.cols(), x.rows()});
}

}  // namespace tvr
