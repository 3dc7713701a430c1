#include "pipeline/learning/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

bool same_clip(const ClipRef& a, const ClipRef& b) {
  if (a.video_id != b.video_id || a.span.has_value() != b.span.has_value()) return false;
  return !a.span || (a.span->start == b.span->start && a.span->end == b.span->end);
}

/// Calls visit(name, a, b, paired) for both directions.
template <class Visit>
void for_directions(const Comparison& comparison, const Visit& visit) {
  visit("t2v", comparison.a_t2v, comparison.b_t2v, comparison.t2v);
  visit("v2t", comparison.a_v2t, comparison.b_v2t, comparison.v2t);
}

}  // namespace

void require_same_queries(const Pairs& a, const Pairs& b) {
  const bool same = a.captions == b.captions && a.pairs.clip_of == b.pairs.clip_of &&
                    std::equal(a.clips.begin(), a.clips.end(), b.clips.begin(), b.clips.end(), same_clip);
  if (same) return;
  throw Error(Fault::Mismatch, "compare",
              fmt::format("the runs were tested on different queries: {} captions of {} clips, and {} of {}",
                          a.captions.size(), a.clips.size(), b.captions.size(), b.clips.size()),
              "Train both with the same captions and --test, on stores that hold the same videos");
}

Comparison compare(const Evaluation& a, const Evaluation& b) {
  return {a.t2v,
          b.t2v,
          a.v2t,
          b.v2t,
          compare_paired(a.t2v_ranks, b.t2v_ranks),
          compare_paired(a.v2t_ranks, b.v2t_ranks)};
}

nlohmann::json json_of(const Comparison& comparison) {
  nlohmann::json json;
  for_directions(comparison, [&](const char* name, const RetrievalMetrics& a, const RetrievalMetrics& b,
                                 const PairedComparison& paired) {
    for (std::size_t m = 0; m < a.values.size(); ++m) {
      json[name][a.table()[m].name] = {{"a", a.values[m]},
                                       {"b", b.values[m]},
                                       {"difference", paired.difference.values[m]},
                                       {"p", paired.p_value.values[m]}};
    }
    json[name]["queries"] = a.queries;
  });
  return json;
}

std::string comparison_table(const Comparison& comparison) {
  using Align = Table::Align;
  Table table({{""}, {"A", Align::Right}, {"B", Align::Right}, {"B - A", Align::Right}, {"p", Align::Right}});
  for_directions(comparison, [&](const char* name, const RetrievalMetrics& a, const RetrievalMetrics& b,
                                 const PairedComparison& paired) {
    for (std::size_t m = 0; m < a.values.size(); ++m) {
      table.add({fmt::format("{} {}", name, a.table()[m].name), fmt::format("{:.1f}", a.values[m]),
                 fmt::format("{:.1f}", b.values[m]), fmt::format("{:+.1f}", paired.difference.values[m]),
                 fmt::format("{:.4f}", paired.p_value.values[m])});
    }
  });
  return table.text();
}

}  // namespace tvr
