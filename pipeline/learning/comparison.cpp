#include "pipeline/learning/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/error.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

bool same_clip(const ClipRef& a, const ClipRef& b) {
  if (a.video_id != b.video_id || a.span.has_value() != b.span.has_value()) return false;
  return !a.span || (a.span->start == b.span->start && a.span->end == b.span->end);
}

/// Calls visit(name, direction) for both directions.
template <class Visit>
void for_directions(const Comparison& comparison, const Visit& visit) {
  visit("t2v", comparison.t2v);
  visit("v2t", comparison.v2t);
}

ComparedDirection compare_direction(const std::vector<Evaluation>& a, const std::vector<Evaluation>& b,
                                    RetrievalMetrics Evaluation::*direction,
                                    RanksOfVideos Evaluation::*ranks) {
  const auto ranks_of = [&](const std::vector<Evaluation>& seeds) {
    std::vector<RanksOfVideos> all;
    for (const Evaluation& seed : seeds) all.push_back(seed.*ranks);
    return all;
  };
  const std::vector<RetrievalMetrics> of_a = metrics_of(a, direction), of_b = metrics_of(b, direction);
  ComparedDirection compared{spread_of(of_a), spread_of(of_b), compare_paired(ranks_of(a), ranks_of(b)), {}};
  if (a.size() > 1 && b.size() > 1) compared.p_seeds = welch_p_values(of_a, of_b);
  return compared;
}

std::string p_text(double p) { return std::isnan(p) ? "-" : fmt::format("{:.4f}", p); }

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

Comparison compare(const std::vector<Evaluation>& a, const std::vector<Evaluation>& b) {
  return {a.size(), b.size(), compare_direction(a, b, &Evaluation::t2v, &Evaluation::t2v_ranks),
          compare_direction(a, b, &Evaluation::v2t, &Evaluation::v2t_ranks)};
}

nlohmann::json json_of(const Comparison& comparison) {
  nlohmann::json json;
  for_directions(comparison, [&](const char* name, const ComparedDirection& direction) {
    const auto& [a, b, paired, p_seeds] = direction;
    for (std::size_t m = 0; m < a.mean.values.size(); ++m) {
      nlohmann::json& metric = json[name][a.mean.table()[m].name];
      metric = {{"a", a.mean.values[m]},
                {"b", b.mean.values[m]},
                {"difference", paired.difference.values[m]},
                {"p", paired.p_value.values[m]}};
      if (!p_seeds) continue;
      metric["a_deviation"] = a.deviation.values[m];
      metric["b_deviation"] = b.deviation.values[m];
      metric["p_seeds"] = p_seeds->values[m];  // NaN is written as null
    }
    json[name]["queries"] = a.mean.queries;
    if (p_seeds) json["seeds"] = {{"a", comparison.a_seeds}, {"b", comparison.b_seeds}};
  });
  return json;
}

std::string comparison_table(const Comparison& comparison) {
  const bool seeds = comparison.t2v.p_seeds.has_value();
  const auto title = [&](const char* name, std::size_t count) {
    return seeds ? fmt::format("{}, {} seeds", name, count) : std::string(name);
  };
  using Align = Table::Align;
  std::vector<Table::Column> columns = {{""},
                                        {title("A", comparison.a_seeds), Align::Right},
                                        {title("B", comparison.b_seeds), Align::Right},
                                        {"B - A", Align::Right},
                                        {seeds ? "p (videos)" : "p", Align::Right}};
  if (seeds) columns.push_back({"p (seeds)", Align::Right});
  Table table(columns);
  for_directions(comparison, [&](const char* name, const ComparedDirection& direction) {
    const auto& [a, b, paired, p_seeds] = direction;
    const auto value = [&](const Spread& spread, std::size_t m) {
      const std::string mean = fmt::format("{:.1f}", spread.mean.values[m]);
      return seeds ? fmt::format("{} ± {:.1f}", mean, spread.deviation.values[m]) : mean;
    };
    for (std::size_t m = 0; m < a.mean.values.size(); ++m) {
      std::vector<std::string> row = {fmt::format("{} {}", name, a.mean.table()[m].name), value(a, m),
                                      value(b, m), fmt::format("{:+.1f}", paired.difference.values[m]),
                                      p_text(paired.p_value.values[m])};
      if (p_seeds) row.push_back(p_text(p_seeds->values[m]));
      table.add(row);
    }
  });
  return table.text();
}

}  // namespace tvr
