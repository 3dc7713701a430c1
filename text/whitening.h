#pragma once

#include <vector>

#include "data/matrix.h"

namespace tvr {

/// The affine map x -> (x - mean) A that gives vectors mean 0 and, nearly, the identity as covariance:
/// columns that are learned on few captions share a common direction, along which all words look alike.
struct Whitening {
  std::vector<double> mean;  // [E]
  Matrix transform;          // A [E, E], upper triangular

  /// Fits the map to vectors [V, E], V >= 1. A = L^-T with L L^T = C + 0.01 tr(C) / E * I, C the covariance:
  /// the ridge keeps directions without variance from being blown up.
  [[nodiscard]] static Whitening of(const Matrix& vectors);
  /// The mapped row: in [E] to out [E], which may not overlap.
  void apply(const float* in, float* out) const;
};

}  // namespace tvr
