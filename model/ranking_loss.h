#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// A loss over the similarity matrix of a batch [N, N] (row i: text i against every video; the matching pairs
/// are on the diagonal), and its derivatives.
struct Loss {
  double value = 0;
  Matrix d_similarity;     // of the similarity's shape
  double d_log_scale = 0;  // InfoNCE and MIL-NCE only
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

/// MIL-NCE (Miech et al.: End-to-end learning of visual representations from uncurated instructional videos,
/// CVPR 2020; antoine77340/MIL-NCE_HowTo100M, loss.py). similarity [N C, N]: rows i C to (i + 1) C - 1 are
/// the candidate texts of video i. With x = exp(log_scale) * similarity, the mean over i of
///   logsumexp(column i, and the rows of i's candidates) - logsumexp(i's candidates against video i):
/// the video's own candidates are in both parts of the first sum, as in the reference.
[[nodiscard]] Loss mil_nce_loss(const Matrix& similarity, double log_scale);

}  // namespace tvr
