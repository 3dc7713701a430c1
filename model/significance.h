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

/// The same of two systems that were trained several times: a metric is its mean over the trainings, and a
/// video's ranks are swapped in all of them together. The trained models are given and the videos a sample;
/// what other seeds would give is welch_p_values()'s question. With unequal numbers of trainings, training i
/// of the larger side swaps with training i modulo the smaller number.
[[nodiscard]] PairedComparison compare_paired(const std::vector<RanksOfVideos>& a,
                                              const std::vector<RanksOfVideos>& b, int resamples = 2000,
                                              std::uint64_t seed = 1,
                                              const MetricTable& table = retrieval_metrics());

/// Mean and sample standard deviation (0 for one training) of each metric over trainings with other seeds.
struct Spread {
  RetrievalMetrics mean, deviation;
};
/// Throws Error(InvalidArgument) without trainings.
[[nodiscard]] Spread spread_of(const std::vector<RetrievalMetrics>& trainings);

/// Per metric, the two-sided p of Welch's t-test (Biometrika, 1947) for unequal means of two systems over
/// their trainings. The videos are given and the seeds a sample. NaN where no training of either system
/// differs from the others: nothing can then be said about the seeds. Throws Error(InvalidArgument) for fewer
/// than two trainings of either.
[[nodiscard]] RetrievalMetrics welch_p_values(const std::vector<RetrievalMetrics>& a,
                                              const std::vector<RetrievalMetrics>& b);

}  // namespace tvr
