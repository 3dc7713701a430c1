#pragma once

#include <cstdint>
#include <vector>

#include "model/retrieval_metrics.h"

namespace tvr {

/// A confidence interval per metric.
struct MetricsInterval {
  RetrievalMetrics low, high;
};

/// The ranks of some queries, and the video that each is of: the captions of one video are found or missed
/// together, so they count as one observation in the statistics below.
struct RanksOfVideos {
  std::vector<double> ranks;
  std::vector<std::int32_t> video_of;  // any number per video; empty: every query is of its own video
};

/// The percentile bootstrap (Efron, 1979): the central `level` of each metric over `resamples` samples of the
/// videos, drawn with replacement with all their queries (the cluster bootstrap: Davison and Hinkley, 1997,
/// section 3.8). It estimates the variance due to the choice of videos, not due to the training seed. Pure;
/// counter-based random numbers from `seed`. Throws Error(InvalidArgument) without ranks or resamples, or for
/// a level outside (0, 1); Error(Mismatch) unless there is a video per rank.
[[nodiscard]] MetricsInterval bootstrap_interval(const RanksOfVideos& ranks, double level = 0.95,
                                                 int resamples = 2000, std::uint64_t seed = 1,
                                                 const MetricTable& table = retrieval_metrics());

/// Two systems on the same queries: a.ranks[i] and b.ranks[i] belong to query i. Per metric:
struct PairedComparison {
  RetrievalMetrics difference;  // b minus a
  RetrievalMetrics p_value;     // two-sided
};

/// The paired randomisation test (Fisher; for retrieval: Smucker, Allan, Carterette, CIKM 2007): the two
/// systems' ranks of each video's queries are swapped together with probability 1/2, `resamples` times. p =
/// (1 + number of resamples with a difference at least as large) / (1 + resamples). Throws Error(Mismatch)
/// when the lists differ in length or in their videos, Error(InvalidArgument) when they are empty.
[[nodiscard]] PairedComparison compare_paired(const RanksOfVideos& a, const RanksOfVideos& b,
                                              int resamples = 2000, std::uint64_t seed = 1,
                                              const MetricTable& table = retrieval_metrics());

}  // namespace tvr
