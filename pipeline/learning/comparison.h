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

/// What a run is called, and what made it; empty where the run does not say.
struct RunFacts {
  std::string name;
  std::string recipe;  // "best", "head on clip-hf ..."
  std::string data;    // "msrvtt MSRVTT_data.json JSFUSION_test.csv"
  std::string commit;  // of the program that trained it
};

/// A system in one direction, and how it differs from the first of a comparison. Two things are uncertain:
/// which videos the test has, and which seeds the trainings have.
struct ComparedDirection {
  Spread spread;                            // over the seeds
  std::optional<PairedComparison> paired;   // over the videos, of the trained models; not of the first system
  std::optional<RetrievalMetrics> p_seeds;  // Welch's test over the seeds; where both systems have several
};
struct ComparedRun {
  RunFacts facts;
  std::size_t seeds = 1;
  ComparedDirection t2v, v2t;
};
using Comparison = std::vector<ComparedRun>;

/// Throws Error(Mismatch) unless clips and captions are the same in the same order.
void require_same_queries(const Pairs& a, const Pairs& b);

/// A system with the evaluations of its seeds; `first`: that of the comparison's first system, empty for
/// itself. Throws Error(Mismatch) unless there is one rank per query (not so with Ties::Legacy),
/// Error(InvalidArgument) for a system without evaluations.
[[nodiscard]] ComparedRun compared(RunFacts facts, const std::vector<Evaluation>& seeds,
                                   const std::vector<Evaluation>& first);

/// {"runs": [{"run":, "seeds":, "recipe":, "data":, "commit":}, ...], "t2v": {"queries":, "R@1": [{"mean":},
/// {"mean":, "difference":, "p":}, ...], ...}, "v2t": {...}}, an element per run. "difference" and "p", the
/// paired test over the videos, are against the first run. With several seeds also "deviation" and "p_seeds"
/// (null where nothing can be said).
[[nodiscard]] nlohmann::json json_of(const Comparison& comparison);
/// For people: two tables, of the runs and of their metrics.
[[nodiscard]] std::string comparison_table(const Comparison& comparison);
/// The metrics as a tabular of LaTeX with booktabs; a star for p < 0.05.
[[nodiscard]] std::string comparison_latex(const Comparison& comparison);
/// A line per run, direction and metric; empty cells where there is no value.
[[nodiscard]] std::string comparison_csv(const Comparison& comparison);

}  // namespace tvr
