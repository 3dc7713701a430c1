#include "pipeline/learning/evaluation.h"

#include <fmt/format.h>

#include <array>
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

std::vector<std::string> row_of(const std::string& title, const RetrievalMetrics& metrics,
                                const std::string& queries) {
  std::vector<std::string> row = {title};
  for (const double value : metrics.values) row.push_back(fmt::format("{:.1f}", value));
  row.push_back(queries);
  return row;
}

std::vector<std::string> interval_row(const MetricsInterval& interval) {
  std::vector<std::string> row = {"  95 % interval"};
  for (std::size_t m = 0; m < interval.low.values.size(); ++m) {
    row.push_back(fmt::format("{:.1f}-{:.1f}", interval.low.values[m], interval.high.values[m]));
  }
  row.push_back("");
  return row;
}

nlohmann::json json_of(const MetricsInterval& interval) {
  nlohmann::json json;
  const MetricTable& table = interval.low.table();
  for (std::size_t m = 0; m < table.size(); ++m) {
    json[table[m].name] = {interval.low.values[m], interval.high.values[m]};
  }
  return json;
}

/// The videos that the clips were cut from.
std::vector<std::int32_t> videos_of(const std::vector<std::int32_t>& clips, const PairData& pairs) {
  if (pairs.video_of.empty()) return clips;
  std::vector<std::int32_t> videos;
  for (const std::int32_t clip : clips) videos.push_back(pairs.video_of[static_cast<std::size_t>(clip)]);
  return videos;
}

}  // namespace

Evaluation evaluate(Matrix text, Matrix video, const PairData& pairs, Ties ties) {
  if (pairs.clip_of.empty()) {
    throw Error(Fault::NotFound, "eval", "the test split has no caption of a clip with features",
                "Pass --test FILE.csv, or captions with test videos that are in the store");
  }
  Evaluation evaluation;
  evaluation.text = std::move(text);
  evaluation.video = std::move(video);
  RetrievalRanks ranks = retrieval_ranks(evaluation.text, evaluation.video, pairs.clip_of, ties);
  std::vector<std::int32_t> clips_of_texts;
  for (const std::int32_t text_row : ranks.t2v_text) {
    clips_of_texts.push_back(pairs.clip_of[static_cast<std::size_t>(text_row)]);
  }
  evaluation.t2v_ranks = {std::move(ranks.t2v), videos_of(clips_of_texts, pairs)};
  evaluation.v2t_ranks = {std::move(ranks.v2t), videos_of(ranks.v2t_video, pairs)};
  evaluation.t2v = summarize(evaluation.t2v_ranks.ranks);
  evaluation.v2t = summarize(evaluation.v2t_ranks.ranks);
  evaluation.t2v_interval = bootstrap_interval(evaluation.t2v_ranks);
  evaluation.v2t_interval = bootstrap_interval(evaluation.v2t_ranks);
  return evaluation;
}

std::vector<RetrievalMetrics> metrics_of(const std::vector<Evaluation>& seeds,
                                         RetrievalMetrics Evaluation::*direction) {
  std::vector<RetrievalMetrics> metrics;
  for (const Evaluation& seed : seeds) metrics.push_back(seed.*direction);
  return metrics;
}

nlohmann::json json_of(const RetrievalMetrics& metrics) {
  nlohmann::json json;
  for (std::size_t m = 0; m < metrics.values.size(); ++m) json[metrics.table()[m].name] = metrics.values[m];
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
    const Spread spread = spread_of(metrics_of(seeds, direction.metrics));
    json[direction.name] = json_of(spread.mean);
    json[direction.name]["deviation"] = json_of(spread.deviation);
    json[direction.name]["deviation"].erase("queries");
  }
  return json;
}

nlohmann::json seeds_json(const std::vector<Evaluation>& seeds, std::uint64_t first_seed) {
  if (seeds.size() == 1) return {{"test", json_of(seeds.front())}};
  nlohmann::json json = {{"test", json_of(seeds)}};
  for (const Evaluation& seed : seeds) {
    json["seeds"].push_back(json_of(seed));
    json["seeds"].back()["seed"] = first_seed++;
  }
  return json;
}

std::string metrics_table(const std::vector<Evaluation>& seeds, const std::optional<Evaluation>& linear,
                          const std::vector<FurtherRow>& further) {
  std::vector<Table::Column> columns = {{""}};
  const MetricTable& metrics = seeds.front().t2v.table();
  for (const Metric& metric : metrics) columns.push_back({metric.name, Table::Align::Right});
  columns.push_back({"queries", Table::Align::Right});
  Table table(columns);
  for (const Direction& direction : kDirections) {
    const Spread spread = spread_of(metrics_of(seeds, direction.metrics));
    table.add(row_of(direction.title, spread.mean, fmt::format("{}", spread.mean.queries)));
    if (seeds.size() == 1) {
      table.add(interval_row(seeds.front().*direction.interval));
    } else {
      table.add(row_of(fmt::format("  deviation, {} seeds", seeds.size()), spread.deviation, ""));
    }
  }
  if (linear) table.add(row_of("linear model (text to video)", linear->t2v, ""));
  const auto candidates = static_cast<double>(seeds.front().video.rows());
  table.add(row_of("chance (text to video)", chance_among(candidates, metrics), ""));
  for (const FurtherRow& row : further) table.add(row_of(row.title, row.t2v, ""));
  return table.text();
}

}  // namespace tvr
