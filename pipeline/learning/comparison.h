#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "model/significance.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"

namespace tvr {

/// Two evaluations on the same queries, with the paired randomisation test of each metric.
struct Comparison {
  RetrievalMetrics a_t2v, b_t2v, a_v2t, b_v2t;
  PairedComparison t2v, v2t;
};

/// Throws Error(Mismatch) unless clips and captions are the same in the same order.
void require_same_queries(const Pairs& a, const Pairs& b);

/// Throws Error(Mismatch) unless there is one rank per query (not so with Ties::Legacy).
[[nodiscard]] Comparison compare(const Evaluation& a, const Evaluation& b);

/// {"t2v": {"R@1": {"a":, "b":, "difference":, "p":}, ..., "queries":}, "v2t": {...}}
[[nodiscard]] nlohmann::json json_of(const Comparison& comparison);
[[nodiscard]] std::string comparison_table(const Comparison& comparison);

}  // namespace tvr
