#include "pipeline/learning/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/error.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

/// One direction of an evaluation.
struct Direction {
  const char* name;  // in JSON
  const char* title;
  RetrievalMetrics Evaluation::*metrics;
  MetricsInterval Evaluation::*interval;
};
constexpr std::array kDirections = {
    Direction{"t2v", "text to video", &Evaluation::t2v, &Evaluation::t2v_interval},
    Direction{"v2t", "video to text", &Evaluation::v2t, &Evaluation::v2t_interval}};

/// Mean and deviation of one direction over seeds.
struct Spread {
  RetrievalMetrics mean, deviation;
};
Spread spread_of(const std::vector<Evaluation>& seeds, RetrievalMetrics Evaluation::*metrics) {
  Spread spread;
  spread.mean.queries = (seeds.front().*metrics).queries;
  const auto count = static_cast<double>(seeds.size());
  for (const NamedMetric& metric : kNamedMetrics) {
    double& mean = spread.mean.*metric.value;
    for (const Evaluation& seed : seeds) mean += seed.*metrics.*metric.value / count;
    double squares = 0;
    for (const Evaluation& seed : seeds) squares += std::pow(seed.*metrics.*metric.value - mean, 2);
    spread.deviation.*metric.value = seeds.size() > 1 ? std::sqrt(squares / (count - 1)) : 0;
  }
  return spread;
}

std::vector<std::string> row_of(const std::string& title, const RetrievalMetrics& metrics,
                                const std::string& queries) {
  std::vector<std::string> row = {title};
  for (const NamedMetric& metric : kNamedMetrics) row.push_back(fmt::format("{:.1f}", metrics.*metric.value));
  row.push_back(queries);
  return row;
}

std::vector<std::string> interval_row(const MetricsInterval& interval) {
  std::vector<std::string> row = {"  95 % interval"};
  for (const NamedMetric& metric : kNamedMetrics) {
    row.push_back(fmt::format("{:.1f}-{:.1f}", interval.low.*metric.value, interval.high.*metric.value));
  }
  row.push_back("");
  return row;
}

RetrievalMetrics chance_among(double candidates) {
  RetrievalMetrics chance;
  chance.r1 = 100 * std::min(1.0, 1 / candidates);
  chance.r5 = 100 * std::min(1.0, 5 / candidates);
  chance.r10 = 100 * std::min(1.0, 10 / candidates);
  chance.median_rank = chance.mean_rank = (candidates + 1) / 2;
  return chance;
}

nlohmann::json json_of(const MetricsInterval& interval) {
  nlohmann::json json;
  for (const NamedMetric& metric : kNamedMetrics) {
    json[metric.name] = {interval.low.*metric.value, interval.high.*metric.value};
  }
  return json;
}

}  // namespace

Evaluation evaluate(Matrix text, Matrix video, const std::vector<std::int32_t>& clip_of, Ties ties) {
  if (clip_of.empty()) {
    throw Error(Fault::NotFound, "eval", "the test split has no caption of a clip with features",
                "Pass --test FILE.csv, or captions with test videos that are in the store");
  }
  Evaluation evaluation;
  evaluation.text = std::move(text);
  evaluation.video = std::move(video);
  RetrievalRanks ranks = retrieval_ranks(evaluation.text, evaluation.video, clip_of, ties);
  evaluation.t2v_ranks = std::move(ranks.t2v);
  evaluation.v2t_ranks = std::move(ranks.v2t);
  evaluation.t2v = summarize(evaluation.t2v_ranks);
  evaluation.v2t = summarize(evaluation.v2t_ranks);
  evaluation.t2v_interval = bootstrap_interval(evaluation.t2v_ranks);
  evaluation.v2t_interval = bootstrap_interval(evaluation.v2t_ranks);
  return evaluation;
}

nlohmann::json json_of(const RetrievalMetrics& metrics) {
  nlohmann::json json;
  for (const NamedMetric& metric : kNamedMetrics) json[metric.name] = metrics.*metric.value;
  json["queries"] = metrics.queries;
  return json;
}

nlohmann::json json_of(const Evaluation& evaluation) {
  nlohmann::json json;
  for (const Direction& direction : kDirections) {
    json[direction.name] = json_of(evaluation.*direction.metrics);
    json[direction.name]["interval_95"] = json_of(evaluation.*direction.interval);
  }
  return json;
}

nlohmann::json json_of(const std::vector<Evaluation>& seeds) {
  nlohmann::json json;
  for (const Direction& direction : kDirections) {
    const Spread spread = spread_of(seeds, direction.metrics);
    json[direction.name] = json_of(spread.mean);
    json[direction.name]["deviation"] = json_of(spread.deviation);
    json[direction.name]["deviation"].erase("queries");
  }
  return json;
}

std::string metrics_table(const std::vector<Evaluation>& seeds) {
  std::vector<Table::Column> columns = {{""}};
  for (const NamedMetric& metric : kNamedMetrics) columns.push_back({metric.name, Table::Align::Right});
  columns.push_back({"queries", Table::Align::Right});
  Table table(columns);
  for (const Direction& direction : kDirections) {
    const Spread spread = spread_of(seeds, direction.metrics);
    table.add(row_of(direction.title, spread.mean, fmt::format("{}", spread.mean.queries)));
    if (seeds.size() == 1) {
      table.add(interval_row(seeds.front().*direction.interval));
    } else {
      table.add(row_of(fmt::format("  deviation, {} seeds", seeds.size()), spread.deviation, ""));
    }
  }
  const auto candidates = static_cast<double>(seeds.front().video.rows());
  table.add(row_of("chance (text to video)", chance_among(candidates), ""));
  return table.text();
}

}  // namespace tvr
