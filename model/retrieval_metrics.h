#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/choices.h"
#include "data/matrix.h"

namespace tvr {

/// How ties (equal similarities) are ranked. Average is the unbiased default; Legacy is the reference's
/// behaviour (a tie counts several times).
enum class Ties { Average, Optimistic, Pessimistic, Legacy };
inline constexpr Choices<Ties, 4> kTies{{{"average", Ties::Average},
                                         {"optimistic", Ties::Optimistic},
                                         {"pessimistic", Ties::Pessimistic},
                                         {"legacy", Ties::Legacy}}};

/// A summary statistic of ranks. Everything about a metric is in its row of the table: summaries, intervals,
/// comparisons, JSON, curves, tables and the report iterate over the table they were computed with.
enum class Better { Higher, Lower };
struct Metric {
  const char* name;     // in JSON, curves and tables
  const char* meaning;  // in a few words, for text-to-video
  const char* unit;     // "%" or ""
  Better better;
  bool headline;                             // shown in large type at the top of a report
  double (*of)(const std::vector<double>&);  // of ranks (1 = best) in ascending order; not empty
  double (*by_chance)(double candidates);    // expected value for a random ranking of `candidates` items
};
using MetricTable = std::vector<Metric>;

/// R@1, R@5, R@10 (recall at K: percentage of queries with a rank of at most K), MedR, MeanR.
[[nodiscard]] const MetricTable& retrieval_metrics();

/// One value per metric of a table. The table must outlive it.
class RetrievalMetrics {
 public:
  explicit RetrievalMetrics(const MetricTable& table = retrieval_metrics())
      : values(table.size(), 0.0), table_(&table) {}

  /// By name. Throws Error(InvalidArgument) when the table has no such metric.
  [[nodiscard]] double operator[](std::string_view name) const { return values[index_of(name)]; }
  [[nodiscard]] double& operator[](std::string_view name) { return values[index_of(name)]; }
  [[nodiscard]] const MetricTable& table() const noexcept { return *table_; }

  std::vector<double> values;  // values[m] is that of table()[m]
  std::int64_t queries = 0;

 private:
  [[nodiscard]] std::size_t index_of(std::string_view name) const;

  const MetricTable* table_;
};

/// For each query the rank (1 = best) of its true item. text [Q, D], video [N, D]; similarity is the dot
/// product.
///   t2v: query i is text row i, its true item video row clip_of[i].
///   v2t: query j is video row j; its rank is that of its best-ranked caption among all texts except its
///        other captions. Videos without a caption are candidates, but not queries.
/// Equal vectors have bitwise equal similarities, whatever their rows, and the ranks do not depend on the
/// number of threads. The Q x N matrix is never stored as a whole: it is computed 256 columns at a time, 64
/// rows per thread. (With Ties::Legacy there are more ranks than queries.) Throws Error(InvalidArgument |
/// Mismatch) for sizes that do not match, Error(Corrupt) for a NaN or infinity (a NaN would rank first).
struct RetrievalRanks {
  std::vector<double> t2v, v2t;
  std::vector<std::int32_t> t2v_text, v2t_video;  // the query of each rank: a row of `text`, of `video`
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
/// Throws as retrieval_ranks() does.
void require_rankable(const Matrix& text, const Matrix& video, const std::vector<std::int32_t>& clip_of);
/// All zero when `ranks` is empty.
[[nodiscard]] RetrievalMetrics summarize(std::vector<double> ranks,
                                         const MetricTable& table = retrieval_metrics());
/// The expected metrics of random ranking among `candidates` items.
[[nodiscard]] RetrievalMetrics chance_among(double candidates,
                                            const MetricTable& table = retrieval_metrics());

/// The k best rows of `video` [N, D] for one text [D], best first; ties in order of row.
struct Hit {
  std::int32_t row = 0;
  float score = 0;
};
[[nodiscard]] std::vector<Hit> top_k(const float* text, const Matrix& video, std::size_t k);

}  // namespace tvr
