#pragma once

#include "data/matrix.h"

namespace tvr {

/// A loss over the similarities of a batch, and its derivative.
struct Loss {
  double value = 0;
  Matrix d_similarity;  // [B, B]
};

/// The max-margin ranking loss of antoine77340/howto100m (loss.py): the mean over all B^2 pairs, the diagonal
/// included, of
///   relu(margin + s_ij - s_ii) + relu(margin + s_ij - s_jj).
/// similarity [B, B]: row i is text i against every video; the pairs lie on the diagonal.
[[nodiscard]] Loss max_margin_loss(const Matrix& similarity, double margin);

}  // namespace tvr
