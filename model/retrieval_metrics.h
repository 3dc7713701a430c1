#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/matrix.h"

namespace tvr {

/// How equal similarities are ranked. Average is the honest default; Legacy is the reference's (a tie counts
/// several times).
enum class Ties { Average, Optimistic, Pessimistic, Legacy };
[[nodiscard]] Ties ties_named(const std::string& name);

/// Recalls are per cent; ranks start at 1.
struct RetrievalMetrics {
  double r1 = 0, r5 = 0, r10 = 0;
  double median_rank = 0, mean_rank = 0;
  std::int64_t queries = 0;
};

/// For each query the rank (1 = best) of its true item. text [Q, D], video [N, D]; similarity is the dot
/// product. The Q x N matrix is never materialised as a whole.
///   t2v: query i is text row i, its item video row clip_of[i].
///   v2t: query j is video row j; its rank is that of the best placed of its captions.
[[nodiscard]] std::vector<double> text_to_video_ranks(const Matrix& text, const Matrix& video,
                                                      const std::vector<std::int32_t>& clip_of,
                                                      Ties ties = Ties::Average);
[[nodiscard]] std::vector<double> video_to_text_ranks(const Matrix& text, const Matrix& video,
                                                      const std::vector<std::int32_t>& clip_of,
                                                      Ties ties = Ties::Average);
[[nodiscard]] RetrievalMetrics summarize(const std::vector<double>& ranks);

/// The k best rows of `video` [N, D] for one text [D], best first; equal scores in order of row.
struct Hit {
  std::int32_t row = 0;
  float score = 0;
};
[[nodiscard]] std::vector<Hit> top_k(const float* text, const Matrix& video, std::size_t k);

}  // namespace tvr
