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
/// product.
///   t2v: query i is text row i, its item video row clip_of[i].
///   v2t: query j is video row j; its rank is that of the best placed of its captions among all texts but its
///   others.
///        Videos without a caption are items, but no queries.
/// Equal vectors have equal similarities to the bit, wherever they stand, and the ranks do not depend on
/// threads. The Q x N matrix is never held as a whole: 256 columns at a time, of 64 rows a thread. (With
/// Ties::Legacy there are more ranks than queries.) Throws Error(InvalidArgument | Mismatch) for sizes that
/// do not fit, Error(Corrupt) for a NaN, which would rank first.
struct RetrievalRanks {
  std::vector<double> t2v, v2t;
};
[[nodiscard]] RetrievalRanks retrieval_ranks(const Matrix& text, const Matrix& video,
                                             const std::vector<std::int32_t>& clip_of,
                                             Ties ties = Ties::Average);
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
