#include "model/linear.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <thread>

#include "model/parallel.h"

namespace tvr {
namespace {

/// A tensor that looks at `matrix`; torch has no view of constant memory, and nothing here writes through it.
at::Tensor view(const Matrix& matrix) {
  return at::from_blob(const_cast<float*>(matrix.data()), {matrix.rows(), matrix.cols()}, at::kFloat);
}

}  // namespace

void set_compute_threads(int threads) {
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency()));
}

void parallel_for(std::int64_t count, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& work) {
  at::parallel_for(0, count, grain, work);
}

Matrix multiply_transposed(const Matrix& x, const Matrix& weight) {
  Matrix y(x.rows(), weight.rows());
  at::Tensor out = view(y);
  at::mm_out(out, view(x), view(weight).t());
  return y;
}

Matrix multiply(const Matrix& dy, const Matrix& weight) {
  Matrix dx(dy.rows(), weight.cols());
  at::Tensor out = view(dx);
  at::mm_out(out, view(dy), view(weight));
  return dx;
}

void weight_gradient_rows(const Matrix& dy, const Matrix& x, std::int64_t begin, std::int64_t end,
                          float* out) {
  at::Tensor rows = at::from_blob(out, {end - begin, x.cols()}, at::kFloat);
  at::mm_out(rows, view(dy).slice(1, begin, end).t(), view(x));
}

}  // namespace tvr
