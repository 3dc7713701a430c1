#include "model/kernel_map.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string>

#include "data/error.h"
#include "model/linear.h"
#include "model/one_thread.h"
#include "model/random.h"
#include "model/standardization.h"
#include "model/state_tensors.h"

namespace tvr {
namespace {

constexpr std::int64_t kMostLandmarks = 1024;
constexpr double kWidth = 2;  // of the kernel, over the median squared distance
/// Directions of the landmarks' kernel with a smaller share of the largest eigenvalue are rounding errors.
constexpr double kLeastEigenvalue = 1e-5;
constexpr std::uint64_t kSeed = 1;
constexpr const char* kWhere = "kernel model";

void require_finite(const Matrix& clips) {
  const float* const values = clips.data();
  if (std::all_of(values, values + clips.rows() * clips.cols(),
                  [](float value) { return std::isfinite(value); }))
    return;
  throw Error(Fault::Corrupt, kWhere, "the features of a clip contain a NaN or infinity",
              "`pipeline store verify` names the video");
}

/// The places of the landmarks among `count` clips, in order.
std::vector<std::int64_t> landmark_places(std::int64_t count) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(count));
  std::iota(places.begin(), places.end(), 0);
  if (count > kMostLandmarks) {
    shuffle(places, CounterRandom(kSeed, RandomUse::ClipOrder));
    places.resize(kMostLandmarks);
    std::sort(places.begin(), places.end());
  }
  return places;
}

std::vector<double> squared_lengths(const Matrix& rows) {
  std::vector<double> squares;
  for (std::int64_t i = 0; i < rows.rows(); ++i)
    squares.push_back(std::inner_product(rows.row(i), rows.row(i) + rows.cols(), rows.row(i), 0.0));
  return squares;
}

/// |x_i - y_j|^2, [N, M].
Matrix squared_distances(const Matrix& x, const Matrix& y) {
  const std::vector<double> of_x = squared_lengths(x), of_y = squared_lengths(y);
  Matrix distances = multiply_transposed(x, y);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t j = 0; j < y.rows(); ++j) {
      float& value = distances.row(i)[j];
      value = static_cast<float>(std::max(0.0, of_x[static_cast<std::size_t>(i)] +
                                                   of_y[static_cast<std::size_t>(j)] -
                                                   2 * static_cast<double>(value)));
    }
  }
  return distances;
}

/// Of two different rows; clips that occur twice do not count.
double median_squared_distance(const Matrix& rows) {
  const Matrix all = squared_distances(rows, rows);
  const double smallest = 1e-6 * static_cast<double>(rows.cols());  // a standardised column has variance 1
  std::vector<float> distances;
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    std::copy_if(all.row(i), all.row(i) + i, std::back_inserter(distances),
                 [&](float distance) { return static_cast<double>(distance) > smallest; });
  }
  if (distances.empty()) {
    throw Error(Fault::Mismatch, kWhere, "all clips have the same features",
                "Check that the features are those of the videos");
  }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return static_cast<double>(*middle);
}

/// K^(-1/2) of a symmetric matrix, within its largest eigenvectors.
Matrix inverse_root(const Matrix& kernel) {
  return on_one_thread([&] {
    const std::int64_t size = kernel.rows();
    // from_blob takes no const pointer; it is only read.
    const at::Tensor floats = at::from_blob(const_cast<float*>(kernel.data()), {size, size}, at::kFloat);
    const auto [values, vectors] = at::linalg_eigh(floats.to(at::kDouble));
    const at::Tensor kept = values > kLeastEigenvalue * values[size - 1];
    const at::Tensor scales = at::where(kept, values, at::ones_like(values)).rsqrt() * kept;
    const at::Tensor root = at::mm(vectors * scales, vectors.t()).to(at::kFloat).contiguous();
    Matrix matrix(size, size);
    std::copy_n(root.data_ptr<float>(), size * size, matrix.data());
    return matrix;
  });
}

}  // namespace

KernelMap::KernelMap(const Matrix& clips) {
  require_finite(clips);
  if (clips.rows() < 2) {
    throw Error(Fault::Mismatch, kWhere, "there are " + std::to_string(clips.rows()) + " clips",
                "Give more clips with captions");
  }
  const Standardization columns(clips);
  mean_.assign(columns.mean().begin(), columns.mean().end());
  for (const double deviation : columns.deviation()) scale_.push_back(static_cast<float>(1 / deviation));
  const std::vector<std::int64_t> places = landmark_places(clips.rows());
  Matrix chosen(static_cast<std::int64_t>(places.size()), clips.cols());
  for (std::size_t i = 0; i < places.size(); ++i)
    std::copy_n(clips.row(places[i]), clips.cols(), chosen.row(static_cast<std::int64_t>(i)));
  landmarks_ = standardised(chosen);
  width_ = static_cast<float>(kWidth / median_squared_distance(landmarks_));
  root_ = inverse_root(kernel_with_landmarks(landmarks_));
}

KernelMap::KernelMap(const NamedTensors& state)
    : landmarks_(matrix_in(state, "kernel.landmarks", kWhere)),
      root_(matrix_in(state, "kernel.root", kWhere)),
      width_(vector_in(state, "kernel.width", 1, kWhere).front()) {
  if (landmarks_.rows() < 1 || root_.rows() != dim() || root_.cols() != dim()) {
    throw Error(Fault::Mismatch, kWhere,
                "it has " + std::to_string(dim()) + " landmarks, and kernel.root the shape " +
                    shape_text({root_.rows(), root_.cols()}));
  }
  mean_ = vector_in(state, "kernel.mean", video_dim(), kWhere);
  scale_ = vector_in(state, "kernel.scale", video_dim(), kWhere);
}

NamedTensors KernelMap::state() const {
  return {{"kernel.mean", tensor_of_state(mean_)},
          {"kernel.scale", tensor_of_state(scale_)},
          {"kernel.landmarks", tensor_of_state(landmarks_)},
          {"kernel.root", tensor_of_state(root_)},
          {"kernel.width", tensor_of_state(std::vector<float>{width_})}};
}

Matrix KernelMap::standardised(const Matrix& clips) const {
  Matrix columns(clips.rows(), clips.cols());
  for (std::int64_t i = 0; i < clips.rows(); ++i) {
    for (std::int64_t d = 0; d < clips.cols(); ++d) {
      const auto column = static_cast<std::size_t>(d);
      columns.row(i)[d] = (clips.row(i)[d] - mean_[column]) * scale_[column];
    }
  }
  return columns;
}

Matrix KernelMap::kernel_with_landmarks(const Matrix& standardised) const {
  Matrix kernel = squared_distances(standardised, landmarks_);
  float* const values = kernel.data();
  std::transform(values, values + kernel.rows() * kernel.cols(), values,
                 [this](float distance) { return std::exp(-width_ * distance); });
  return kernel;
}

Matrix KernelMap::coordinates(const Matrix& clips) const {
  if (clips.rows() == 0) return Matrix(0, dim());
  if (clips.cols() != video_dim()) {
    throw Error(Fault::Mismatch, "video features",
                "they have " + std::to_string(clips.cols()) + " values, the kernel model was fitted to " +
                    std::to_string(video_dim()),
                "Extract the lanes that the model was trained with");
  }
  return multiply_transposed(kernel_with_landmarks(standardised(clips)), root_);  // it is symmetric
}

}  // namespace tvr
