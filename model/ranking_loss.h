#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// A loss over the similarity matrix of a batch [N, N] (row i: text i against every video; the matching pairs
/// are on the diagonal), and its derivatives.
struct Loss {
  double value = 0;
  Matrix d_similarity;     // [N, N]
  double d_log_scale = 0;  // InfoNCE only
};

/// The max-margin ranking loss of antoine77340/howto100m (loss.py): the mean over all N^2 pairs, the diagonal
/// included, of
///   relu(margin + s_ij - s_ii) + relu(margin + s_ij - s_jj),
/// each pair multiplied by its weight when `weights` [N, N] is given.
[[nodiscard]] Loss max_margin_loss(const Matrix& similarity, double margin, const Matrix* weights = nullptr);

/// The reference's weights for batches of `videos` with `n_pair` captions each, side by side, h =
/// hard_negative_rate:
///   ((1 - a) I + a) (x) ones(k, k) * videos * h,   a = (1 - h) / ((videos - 1) h).
[[nodiscard]] Matrix intra_video_weights(int videos, int n_pair, double hard_negative_rate);

/// The learned temperature of InfoNCE does not fall below 0.01, CLIP's bound.
constexpr double kHighestLogScale = 4.605170185988092;

/// Symmetric InfoNCE: the mean of both directions' cross-entropy over the logits exp(log_scale) * s. Pairs of
/// different index but equal group (groups_of() in pair_source.h) are not negatives of each other and are
/// left out.
[[nodiscard]] Loss nce_loss(const Matrix& similarity, double log_scale,
                            const std::vector<std::int32_t>& groups);

}  // namespace tvr
