#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// Clips as points of a Gaussian kernel's space: a linear model of their coordinates is a smooth nonlinear
/// one of their features. The inner product of two clips' coordinates is nearly
///   k(x, y) = exp(-2 |x - y|^2 / m)
/// of their standardised columns, where m is the median squared distance of two landmarks; exactly so where
/// one of them is a landmark (Nyström's approximation: Williams and Seeger, NIPS 2000). The landmarks are
/// training clips: all of them, up to 1024. The width was chosen on validation videos (docs/TRAINING.md).
class KernelMap {
 public:
  /// Of the training clips [N, Dv]. Deterministic, whatever the number of cores. Throws Error(Mismatch) where
  /// all are equal, Error(Corrupt) for a feature that is not finite, Error(Unsupported) where LibTorch has no
  /// LAPACK.
  explicit KernelMap(const Matrix& clips);
  /// From the tensors of state(). Throws Error(Mismatch) naming the first that is missing or misshapen.
  explicit KernelMap(const NamedTensors& state);

  [[nodiscard]] std::int64_t video_dim() const noexcept { return landmarks_.cols(); }  // Dv
  [[nodiscard]] std::int64_t dim() const noexcept { return landmarks_.rows(); }        // M
  /// Clips [N, Dv] to [N, M]; a row does not depend on the others. Throws Error(Mismatch) for another width.
  [[nodiscard]] Matrix coordinates(const Matrix& clips) const;

  /// "kernel.mean" and "kernel.scale" [Dv], "kernel.landmarks" [M, Dv], standardised, "kernel.root" [M, M],
  /// the inverse root of the landmarks' kernel, "kernel.width" [1], 2 / m.
  [[nodiscard]] NamedTensors state() const;

 private:
  [[nodiscard]] Matrix standardised(const Matrix& clips) const;
  [[nodiscard]] Matrix kernel_with_landmarks(const Matrix& standardised) const;  // [N, M]

  std::vector<float> mean_, scale_;  // [Dv]: a column's deviation is 1 / scale
  Matrix landmarks_, root_;
  float width_ = 0;
};

}  // namespace tvr
