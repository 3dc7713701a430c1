#include "text/whitening.h"

#include <Eigen/Cholesky>
#include <Eigen/Dense>
#include <cstddef>

namespace tvr {
namespace {

constexpr double kRidge = 0.01;
constexpr double kLeastVariance = 1e-30;  // equal vectors have none; they are mapped to 0 then

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

Whitening Whitening::of(const Matrix& vectors) {
  const std::int64_t dim = vectors.cols();
  const Eigen::MatrixXd rows = Eigen::Map<const RowMajor>(vectors.data(), vectors.rows(), dim).cast<double>();
  const Eigen::RowVectorXd mean = rows.colwise().mean();
  const Eigen::MatrixXd centred = rows.rowwise() - mean;
  Eigen::MatrixXd covariance = centred.transpose() * centred / static_cast<double>(vectors.rows());
  const double ridge = kRidge * covariance.trace() / static_cast<double>(dim) + kLeastVariance;
  covariance.diagonal().array() += ridge;
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(dim, dim);
  const Eigen::MatrixXd transform = covariance.llt().matrixU().solve(identity);
  Whitening whitening;
  whitening.mean.assign(mean.data(), mean.data() + dim);
  whitening.transform = Matrix(dim, dim);
  Eigen::Map<RowMajor>(whitening.transform.data(), dim, dim) = transform.cast<float>();
  return whitening;
}

void Whitening::apply(const float* in, float* out) const {
  const std::int64_t dim = transform.cols();
  for (std::int64_t d = 0; d < dim; ++d) {
    double sum = 0;
    for (std::int64_t e = 0; e <= d; ++e)
      sum += (static_cast<double>(in[e]) - mean[static_cast<std::size_t>(e)]) *
             static_cast<double>(transform.row(e)[d]);
    out[d] = static_cast<float>(sum);
  }
}

}  // namespace tvr
