#pragma once

#include <cstdint>
#include <vector>

#include "model/retrieval_metrics.h"

namespace tvr {

/// A confidence interval per metric.
struct MetricsInterval {
  RetrievalMetrics low, high;
};

/// The percentile bootstrap (Efron, 1979): the central `level` of each metric over `resamples` samples of the
/// queries, drawn with replacement and of the same size. It estimates the variance due to the choice of
/// queries, not due to the training seed. Pure; counter-based random numbers from `seed`. Throws
/// Error(InvalidArgument) without ranks or resamples, or for a level outside (0, 1).
[[nodiscard]] MetricsInterval bootstrap_interval(const std::vector<double>& ranks, double level = 0.95,
                                                 int resamples = 2000, std::uint64_t seed = 1,
                                                 const MetricTable& table = retrieval_metrics());

/// Two systems on the same queries: ranks_a[i] and ranks_b[i] belong to query i. Per metric:
struct PairedComparison {
  RetrievalMetrics difference;  // b minus a
  RetrievalMetrics p_value;     // two-sided
};

/// The paired randomisation test (Fisher; for retrieval: Smucker, Allan, Carterette, CIKM 2007): each query's
/// two ranks are swapped with probability 1/2, `resamples` times. p = (1 + number of resamples with a
/// difference at least as large) / (1 + resamples). Throws Error(Mismatch) when the lists differ in length,
/// Error(InvalidArgument) when they are empty.
[[nodiscard]] PairedComparison compare_paired(const std::vector<double>& ranks_a,
                                              const std::vector<double>& ranks_b, int resamples = 2000,
                                              std::uint64_t seed = 1,
                                              const MetricTable& table = retrieval_metrics());

}  // namespace tvr
