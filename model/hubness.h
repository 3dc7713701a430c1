#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "model/retrieval_metrics.h"

namespace tvr {

/// Ranks that are corrected for hubs, the videos that are near to many sentences. Both corrections divide a
/// video's scores by what it gets from many sentences. Sizes, ties and errors as in retrieval_ranks(); no
/// matrix of Q x N is kept.

/// Text-to-video ranks by dual softmax (Cheng et al., arXiv 2109.04290, section 3.3): a similarity s(q, v) is
/// multiplied by the softmax of scale * s(., v) over all *test* queries. Transductive: a query's rank depends
/// on the others, so that it is no figure for a user who asks one question.
[[nodiscard]] std::vector<double> dual_softmax_ranks(const Matrix& text, const Matrix& video,
                                                     const std::vector<std::int32_t>& clip_of, double scale,
                                                     Ties ties = Ties::Average);

/// The scale of the softmax above: that of CLIP's logits, on which it was published.
constexpr double kDualSoftmaxScale = 100;

/// Text-to-video ranks by QB-Norm with a dynamic inverted softmax (Bogolin et al., CVPR 2022,
/// arXiv 2112.12777, section 3.2): a query whose first hit is the first hit of some sentence of `bank` [B, D]
/// ranks by exp(beta * s(q, v)) / sum over b of exp(beta * s(b, v)); other queries keep their ranks. The bank
/// is of training captions, so that no query depends on another. Throws Error(InvalidArgument) for an empty
/// bank.
[[nodiscard]] std::vector<double> querybank_ranks(const Matrix& text, const Matrix& video,
                                                  const std::vector<std::int32_t>& clip_of,
                                                  const Matrix& bank, double beta, Ties ties = Ties::Average);

/// The beta of the paper's experiments.
constexpr double kQuerybankBeta = 20;

}  // namespace tvr
