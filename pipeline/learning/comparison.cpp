#include "pipeline/learning/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/csv.h"
#include "data/error.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

constexpr double kSignificant = 0.05;

struct Direction {
  const char* name;
  const char* title;
  ComparedDirection ComparedRun::*of;
};
constexpr Direction kDirections[] = {{"t2v", "text to video", &ComparedRun::t2v},
                                     {"v2t", "video to text", &ComparedRun::v2t}};

bool same_clip(const ClipRef& a, const ClipRef& b) {
  if (a.video_id != b.video_id || a.span.has_value() != b.span.has_value()) return false;
  return !a.span || (a.span->start == b.span->start && a.span->end == b.span->end);
}

ComparedDirection compare_direction(const std::vector<Evaluation>& seeds,
                                    const std::vector<Evaluation>& first,
                                    RetrievalMetrics Evaluation::*direction,
                                    RanksOfVideos Evaluation::*ranks) {
  const auto ranks_of = [&](const std::vector<Evaluation>& of) {
    std::vector<RanksOfVideos> all;
    for (const Evaluation& seed : of) all.push_back(seed.*ranks);
    return all;
  };
  const std::vector<RetrievalMetrics> metrics = metrics_of(seeds, direction);
  ComparedDirection compared{spread_of(metrics), {}, {}};
  if (first.empty()) return compared;
  compared.paired = compare_paired(ranks_of(first), ranks_of(seeds));
  if (first.size() > 1 && seeds.size() > 1)
    compared.p_seeds = welch_p_values(metrics_of(first, direction), metrics);
  return compared;
}

std::string p_text(double p) { return std::isnan(p) ? "-" : fmt::format("{:.4f}", p); }

std::string run_title(const ComparedRun& run) {
  return run.seeds > 1 ? fmt::format("{}, {} seeds", run.facts.name, run.seeds) : run.facts.name;
}

std::string value_text(const ComparedRun& run, const Spread& spread, std::size_t metric,
                       const char* plus_minus) {
  const std::string mean = fmt::format("{:.1f}", spread.mean.values[metric]);
  if (run.seeds == 1) return mean;
  return fmt::format("{}{}{:.1f}", mean, plus_minus, spread.deviation.values[metric]);
}

const MetricTable& metrics_in(const Comparison& comparison) {
  return comparison.front().t2v.spread.mean.table();
}

/// The runs and what made them.
std::string runs_table(const Comparison& comparison) {
  Table table({{"run"}, {"recipe"}, {"data"}, {"commit"}});
  for (const ComparedRun& run : comparison)
    table.add({run_title(run), run.facts.recipe, run.facts.data, run.facts.commit});
  return table.text();
}

/// A row below a run's, with a text per metric.
template <class Text>
void add_row(Table& table, const std::string& title, std::size_t metrics, const Text& text) {
  std::vector<std::string> row = {title};
  for (std::size_t m = 0; m < metrics; ++m) row.push_back(text(m));
  table.add(row);
}

/// Text in which LaTeX sees no commands.
std::string latex_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\textbackslash{}";
    } else if (c == '~' || c == '^') {
      escaped += fmt::format("\\{}{{}}", c);
    } else {
      if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

}  // namespace

void require_same_queries(const Pairs& a, const Pairs& b) {
  const bool same = a.captions == b.captions && a.pairs.clip_of == b.pairs.clip_of &&
                    std::equal(a.clips.begin(), a.clips.end(), b.clips.begin(), b.clips.end(), same_clip);
  if (same) return;
  throw Error(Fault::Mismatch, "compare",
              fmt::format("the runs were tested on different queries: {} captions of {} clips, and {} of {}",
                          a.captions.size(), a.clips.size(), b.captions.size(), b.clips.size()),
              "Train all with the same captions and --test, on stores that hold the same videos");
}

ComparedRun compared(RunFacts facts, const std::vector<Evaluation>& seeds,
                     const std::vector<Evaluation>& first) {
  return {std::move(facts), seeds.size(),
          compare_direction(seeds, first, &Evaluation::t2v, &Evaluation::t2v_ranks),
          compare_direction(seeds, first, &Evaluation::v2t, &Evaluation::v2t_ranks)};
}

nlohmann::json json_of(const Comparison& comparison) {
  nlohmann::json json;
  for (const ComparedRun& run : comparison) {
    json["runs"].push_back({{"run", run.facts.name},
                            {"seeds", run.seeds},
                            {"recipe", run.facts.recipe},
                            {"data", run.facts.data},
                            {"commit", run.facts.commit}});
    for (const Direction& direction : kDirections) {
      const auto& [spread, paired, p_seeds] = run.*direction.of;
      json[direction.name]["queries"] = spread.mean.queries;
      for (std::size_t m = 0; m < spread.mean.values.size(); ++m) {
        nlohmann::json value = {{"mean", spread.mean.values[m]}};
        if (run.seeds > 1) value["deviation"] = spread.deviation.values[m];
        if (paired) {
          value["difference"] = paired->difference.values[m];
          value["p"] = paired->p_value.values[m];
        }
        if (p_seeds) value["p_seeds"] = p_seeds->values[m];  // NaN is written as null
        json[direction.name][spread.mean.table()[m].name].push_back(std::move(value));
      }
    }
  }
  return json;
}

std::string comparison_table(const Comparison& comparison) {
  std::vector<Table::Column> columns = {{""}};
  for (const Metric& metric : metrics_in(comparison)) columns.push_back({metric.name, Table::Align::Right});
  const std::size_t metrics = columns.size() - 1;
  Table table(columns);
  for (const Direction& direction : kDirections) {
    add_row(table, direction.title, metrics, [](std::size_t) { return std::string(); });
    for (const ComparedRun& run : comparison) {
      const auto& [spread, paired, p_seeds] = run.*direction.of;
      add_row(table, "  " + run_title(run), metrics,
              [&, s = &spread](std::size_t m) { return value_text(run, *s, m, " ± "); });
      if (paired) {
        add_row(table, "    difference", metrics,
                [p = &*paired](std::size_t m) { return fmt::format("{:+.1f}", p->difference.values[m]); });
        add_row(table, p_seeds ? "    p (videos)" : "    p", metrics,
                [p = &*paired](std::size_t m) { return p_text(p->p_value.values[m]); });
      }
      if (p_seeds)
        add_row(table, "    p (seeds)", metrics,
                [p = &*p_seeds](std::size_t m) { return p_text(p->values[m]); });
    }
  }
  return runs_table(comparison) + "\n" + table.text();
}

std::string comparison_latex(const Comparison& comparison) {
  const MetricTable& metrics = metrics_in(comparison);
  std::string text =
      "% Needs \\usepackage{booktabs}. Mean and standard deviation over seeds. A star: p < 0.05 in the\n"
      "% paired randomisation test over the videos, against the first run.\n";
  for (const ComparedRun& run : comparison) {
    const std::string facts = fmt::format("{}: recipe {}; data {}; commit {}", run.facts.name,
                                          run.facts.recipe, run.facts.data, run.facts.commit);
    text += fmt::format("% {}\n", printable(facts));
  }
  text += fmt::format("\\begin{{tabular}}{{l{}}}\n\\toprule\n", std::string(metrics.size(), 'r'));
  for (const Metric& metric : metrics) text += fmt::format(" & {}", latex_text(metric.name));
  text += " \\\\\n";
  for (const Direction& direction : kDirections) {
    text += fmt::format("\\midrule\n\\multicolumn{{{}}}{{l}}{{\\emph{{{}}}}} \\\\\n", metrics.size() + 1,
                        direction.title);
    for (const ComparedRun& run : comparison) {
      const auto& [spread, paired, p_seeds] = run.*direction.of;
      text += latex_text(printable(run_title(run)));
      for (std::size_t m = 0; m < metrics.size(); ++m) {
        const bool star = paired && paired->p_value.values[m] < kSignificant;
        text += fmt::format(" & ${}{}$", value_text(run, spread, m, " \\pm "), star ? "^{*}" : "");
      }
      text += " \\\\\n";
    }
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string comparison_csv(const Comparison& comparison) {
  std::string text =
      "run,direction,metric,queries,seeds,mean,deviation,difference,p,p_seeds,recipe,data,commit\n";
  for (const ComparedRun& run : comparison) {
    for (const Direction& direction : kDirections) {
      const auto& [spread, paired, p_seeds] = run.*direction.of;
      for (std::size_t m = 0; m < spread.mean.values.size(); ++m) {
        text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_cell(run.facts.name),
                            direction.name, csv_cell(spread.mean.table()[m].name), spread.mean.queries,
                            run.seeds, csv_number(spread.mean.values[m]),
                            run.seeds > 1 ? csv_number(spread.deviation.values[m]) : std::string(),
                            paired ? csv_number(paired->difference.values[m]) : std::string(),
                            paired ? csv_number(paired->p_value.values[m]) : std::string(),
                            p_seeds ? csv_number(p_seeds->values[m]) : std::string(),
                            csv_cell(run.facts.recipe), csv_cell(run.facts.data), csv_cell(run.facts.commit));
      }
    }
  }
  return text;
}

}  // namespace tvr
