#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/significance.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"

namespace tvr {

/// Two systems on the same queries in one direction. Two things are uncertain: which videos the test has, and
/// which seeds the trainings have.
struct ComparedDirection {
  Spread a, b;                              // over the seeds
  PairedComparison paired;                  // over the videos, of the trained models
  std::optional<RetrievalMetrics> p_seeds;  // Welch's test over the seeds; where both systems have several
};
struct Comparison {
  std::size_t a_seeds = 1, b_seeds = 1;
  ComparedDirection t2v, v2t;
};

/// Throws Error(Mismatch) unless clips and captions are the same in the same order.
void require_same_queries(const Pairs& a, const Pairs& b);

/// Compares the seeds' evaluations of two systems. Throws Error(Mismatch) unless there is one rank per query
/// (not so with Ties::Legacy), Error(InvalidArgument) for a system without evaluations.
[[nodiscard]] Comparison compare(const std::vector<Evaluation>& a, const std::vector<Evaluation>& b);

/// {"t2v": {"R@1": {"a":, "b":, "difference":, "p":}, ..., "queries":}, "v2t": {...}}. "p" is the paired test
/// over the videos. With several seeds also "a_deviation", "b_deviation" and "p_seeds" (null where nothing
/// can be said), and at the top {"seeds": {"a":, "b":}}.
[[nodiscard]] nlohmann::json json_of(const Comparison& comparison);
[[nodiscard]] std::string comparison_table(const Comparison& comparison);

}  // namespace tvr
