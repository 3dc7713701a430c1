#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/matrix.h"
#include "model/pairs.h"
#include "model/retrieval_metrics.h"
#include "model/significance.h"

namespace tvr {

/// Ranks and metrics of both directions, and what they were computed from.
struct Evaluation {
  RanksOfVideos t2v_ranks, v2t_ranks;
  RetrievalMetrics t2v, v2t;
  MetricsInterval t2v_interval, v2t_interval;  // bootstrap over the videos, 95 %
  Matrix text, video;                          // embeddings [captions, D], [clips, D]
};
/// Evaluates the embeddings of captions [Q, D] and clips [N, D] of the pairs' captions and clips. Throws
/// Error(NotFound) when there are no captions.
[[nodiscard]] Evaluation evaluate(Matrix text, Matrix video, const PairData& pairs, Ties ties);

/// One direction's metrics (&Evaluation::t2v or v2t) of each seed.
[[nodiscard]] std::vector<RetrievalMetrics> metrics_of(const std::vector<Evaluation>& seeds,
                                                       RetrievalMetrics Evaluation::*direction);

/// {"R@1":, "R@5":, "R@10":, "MedR":, "MeanR":, "queries":}: a key per row of the table.
[[nodiscard]] nlohmann::json json_of(const RetrievalMetrics& metrics);
/// {"t2v": {..., "interval_95": {"R@1": [low, high], ...}}, "v2t": {...}}, as metrics.json holds it per
/// split.
[[nodiscard]] nlohmann::json json_of(const Evaluation& evaluation);
/// The mean over several seeds, and {"deviation": {...}} (sample standard deviation) instead of the interval.
[[nodiscard]] nlohmann::json json_of(const std::vector<Evaluation>& seeds);
/// What metrics.json says of the test split: {"test": ...} of the only evaluation, or the mean over those of
/// seeds first_seed, first_seed + 1, ... and {"seeds": [...]} with each.
[[nodiscard]] nlohmann::json seeds_json(const std::vector<Evaluation>& seeds, std::uint64_t first_seed);

/// Text-to-video metrics that stand below the model's own, under a title.
struct FurtherRow {
  std::string title;
  RetrievalMetrics t2v;
};

/// The same as a table, with the metrics of a linear model, if there is one, of a random ranking, and further
/// rows.
[[nodiscard]] std::string metrics_table(const std::vector<Evaluation>& seeds,
                                        const std::optional<Evaluation>& linear = {},
                                        const std::vector<FurtherRow>& further = {});

}  // namespace tvr
