#pragma once

#include <vector>

#include "data/matrix.h"
#include "data/tensors/tensor.h"
#include "model/parameters.h"

namespace tvr {

/// Standardises every feature column to mean 0 and standard deviation 1 over the training clips. Pooled CNN
/// features have a large common component, which carries no information and masks the differences between
/// clips.
class Standardization {
 public:
  /// The statistics of `clips` [N, Dv]; constant columns are only shifted. Throws Error(InvalidArgument) for
  /// N = 0.
  explicit Standardization(const Matrix& clips);

  void apply(Matrix& clips) const;
  [[nodiscard]] const std::vector<double>& mean() const noexcept { return mean_; }            // [Dv]
  [[nodiscard]] const std::vector<double>& deviation() const noexcept { return deviation_; }  // [Dv]

  /// Folds it into the first video layer, W z + b = (W / deviation) x + b - W (mean / deviation): weights
  /// trained on standardised clips then take raw clips, and the network remains the reference's.
  void fold_into(NamedTensors& weights) const;
  /// The inverse: weights that take raw clips then take standardised ones.
  void unfold_from(NamedTensors& weights) const;

 private:
  void require_width(const Linear& layer) const;

  std::vector<double> mean_, deviation_;  // [Dv]
};

}  // namespace tvr
