#pragma once

#include <cstdint>
#include <vector>

#include "model/retrieval_metrics.h"

namespace tvr {

/// The central `level` of what resampling gave, metric by metric.
struct MetricsInterval {
  RetrievalMetrics low, high;
};

/// The percentile bootstrap (Efron, 1979): the central `level` of each metric over `resamples` draws of as
/// many queries, with replacement. Says how far other queries could move the number, not other seeds. Pure;
/// draws by position from `seed`. Throws Error(InvalidArgument) without ranks or resamples, or for a level
/// outside (0, 1).
[[nodiscard]] MetricsInterval bootstrap_interval(const std::vector<double>& ranks, double level = 0.95,
                                                 int resamples = 2000, std::uint64_t seed = 1,
                                                 const MetricTable& table = retrieval_metrics());

/// Two systems on the same queries: ranks_a[i] and ranks_b[i] are of query i. Metric by metric:
struct PairedComparison {
  RetrievalMetrics difference;  // that of b minus that of a
  RetrievalMetrics p_value;     // two-sided: how often chance alone gives a difference as large
};

/// The paired randomisation test (Fisher; for retrieval: Smucker, Allan, Carterette, CIKM 2007): each query's
/// two ranks are swapped or not by the toss of a coin, `resamples` times. p = (1 + as large) / (1 +
/// resamples). Throws Error(Mismatch) when the lists differ in length, Error(InvalidArgument) when they are
/// empty.
[[nodiscard]] PairedComparison compare_paired(const std::vector<double>& ranks_a,
                                              const std::vector<double>& ranks_b, int resamples = 2000,
                                              std::uint64_t seed = 1,
                                              const MetricTable& table = retrieval_metrics());

}  // namespace tvr
