#pragma once

#include <vector>

#include "data/matrix.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// Shifts and scales every column of the clips to mean 0 and deviation 1 over the training clips. Pooled CNN
/// features are all but parallel, what they share says nothing, and it drowns what tells them apart.
class Standardization {
 public:
  /// Of `clips` [N, Dv]; columns that do not vary are shifted only. Throws Error(InvalidArgument) for N = 0.
  explicit Standardization(const Matrix& clips);

  void apply(Matrix& clips) const;

  /// Folds it into the first video layer, W z + b = (W / deviation) x + b - W (mean / deviation): weights
  /// that were trained on standardised clips then take clips as they are, and stay the reference's network.
  void fold_into(NamedTensors& weights) const;

 private:
  std::vector<double> mean_, deviation_;  // [Dv]
};

}  // namespace tvr
