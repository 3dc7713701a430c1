#include "pipeline/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/datasets/video_id.h"
#include "data/json_text.h"
#include "model/significance.h"
#include "pipeline/report/report_gallery.h"
#include "pipeline/report/report_style.h"
#include "pipeline/report/svg.h"

namespace tvr {
namespace {

RetrievalMetrics chance_of(const Evaluation& evaluation) {
  return chance_among(static_cast<double>(evaluation.video.rows()), evaluation.t2v.table());
}

std::string tiles(const Evaluation& evaluation) {
  const RetrievalMetrics chance = chance_of(evaluation);
  std::string out = "<dl class=\"tiles\">";
  for (std::size_t m = 0; m < chance.values.size(); ++m) {
    const Metric& metric = chance.table()[m];
    if (!metric.headline) continue;
    const std::string unit = *metric.unit == '\0' ? "" : std::string(" ") + metric.unit;
    out += fmt::format(
        "<div><dt>{0}</dt><dd>{1:.1f}{2}<small>{3}</small><small>by chance {4:.1f}{2}</small></dd></div>",
        metric.name, evaluation.t2v.values[m], unit, metric.meaning, chance.values[m]);
  }
  return out + "</dl>";
}

/// `interval` null: none is shown.
std::string metric_row(const char* name, const RetrievalMetrics& metrics, const MetricsInterval* interval) {
  std::string out = fmt::format("<tr><th scope=\"row\">{}</th>", name);
  for (std::size_t m = 0; m < metrics.values.size(); ++m) {
    out += fmt::format("<td>{:.1f}", metrics.values[m]);
    if (interval != nullptr) {
      out += fmt::format("<small>{:.1f} – {:.1f}</small>", interval->low.values[m], interval->high.values[m]);
    }
    out += "</td>";
  }
  return out + (metrics.queries > 0 ? fmt::format("<td>{}</td></tr>", metrics.queries) : "<td></td></tr>");
}

/// The mean and, in small print, the sample standard deviation.
std::string seeds_row(const std::vector<RetrievalMetrics>& seeds) {
  const auto count = static_cast<double>(seeds.size());
  std::string out = fmt::format("<tr><th scope=\"row\">text to video, mean of {} seeds</th>", seeds.size());
  for (std::size_t m = 0; m < seeds.front().values.size(); ++m) {
    double mean = 0, squares = 0;
    for (const RetrievalMetrics& seed : seeds) mean += seed.values[m] / count;
    for (const RetrievalMetrics& seed : seeds) squares += std::pow(seed.values[m] - mean, 2);
    out += fmt::format("<td>{:.1f}<small>± {:.1f}</small></td>", mean, std::sqrt(squares / (count - 1)));
  }
  return out + fmt::format("<td>{}</td></tr>", seeds.front().queries);
}

std::string metrics_section(const ReportInput& input) {
  const Evaluation& evaluation = *input.evaluation;
  std::string out = "<h2>Retrieval on the test split</h2>" + tiles(evaluation) +
                    "<div class=\"card scroll\" tabindex=\"0\"><table><thead><tr><th></th>";
  for (const Metric& metric : evaluation.t2v.table()) {
    out += fmt::format("<th scope=\"col\" title=\"{}; {} is better\">{}</th>", metric.meaning,
                       metric.better == Better::Higher ? "higher" : "lower", metric.name);
  }
  out +=
      "<th scope=\"col\">queries</th></tr></thead><tbody>" +
      metric_row("text to video", evaluation.t2v, &evaluation.t2v_interval) +
      metric_row("video to text", evaluation.v2t, &evaluation.v2t_interval) +
      (input.seeds.size() > 1 ? seeds_row(input.seeds) : "") +
      (input.zero_shot ? metric_row("without the head (zero-shot), text to video", *input.zero_shot, nullptr)
                       : "") +
      (input.linear ? metric_row("linear model, text to video", *input.linear, nullptr) : "") +
      metric_row("chance, text to video", chance_of(evaluation), nullptr);
  return out +
         "</tbody></table></div><p><small>R@K: percentage of queries whose correct clip is among the top "
         "K. " +
         (input.zero_shot ? "The pretrained pair without the head is what a head has to beat. "
                          : "A linear model of the same features and captions is what a trained model has to "
                            "beat. ") +
         "In small print: 95 % bootstrap interval over the videos; it does not cover the variation between "
         "seeds.</small></p>";
}

/// Recall at every K at which it changes.
Curve recall_curve(const std::string& name, std::vector<double> ranks, std::size_t candidates) {
  std::sort(ranks.begin(), ranks.end());
  Curve curve{name, {}};
  double last = -1;
  for (std::size_t k = 1; k <= candidates; ++k) {
    const auto found = std::upper_bound(ranks.begin(), ranks.end(), static_cast<double>(k)) - ranks.begin();
    const double recall = 100.0 * static_cast<double>(found) / static_cast<double>(ranks.size());
    if (recall != last || k == candidates) curve.points.emplace_back(k, recall);
    last = recall;
  }
  return curve;
}

Curve chance_curve(std::size_t candidates) {
  Curve curve{"chance", {}};
  for (double k = 1; k < static_cast<double>(candidates); k *= 1.2)
    curve.points.emplace_back(k, 100 * k / static_cast<double>(candidates));
  curve.points.emplace_back(candidates, 100);
  return curve;
}

std::string rank_histogram(const Evaluation& evaluation) {
  std::vector<double> edges = {1, 5, 10, 20, 50, 100, 200, 500, 1000, 1e12};
  const double worst =
      std::max(*std::max_element(evaluation.t2v_ranks.ranks.begin(), evaluation.t2v_ranks.ranks.end()),
               *std::max_element(evaluation.v2t_ranks.ranks.begin(), evaluation.v2t_ranks.ranks.end()));
  while (edges.size() > 2 && edges[edges.size() - 2] >= worst) edges.pop_back();
  std::vector<std::string> labels = {"1"};
  for (std::size_t i = 1; i < edges.size(); ++i) {
    labels.push_back(edges[i] > 1000 ? "more" : fmt::format("{:g}–{:g}", edges[i - 1] + 1, edges[i]));
  }
  std::vector<Bars> series;
  for (const auto& [name, ranks] : {std::pair{"text to video", &evaluation.t2v_ranks.ranks},
                                    std::pair{"video to text", &evaluation.v2t_ranks.ranks}}) {
    Bars bars{name, {}};
    double low = 0;
    for (const double edge : edges) {
      const auto count = std::count_if(ranks->begin(), ranks->end(),
                                       [&](double rank) { return rank > low && rank <= edge; });
      bars.values.push_back(100.0 * static_cast<double>(count) / static_cast<double>(ranks->size()));
      low = edge;
    }
    series.push_back(std::move(bars));
  }
  return bar_plot({"Rank of the correct match", "rank", "queries, %"}, labels, series);
}

/// The curves of history.jsonl; invalid lines are skipped.
struct HistoryCurves {
  Curve loss{"loss", {}}, lr{"learning rate", {}};
  std::vector<Curve> validation;  // the metrics in percent, which share an axis
  std::vector<Curve> sets;        // of further data sets, R@10
};

HistoryCurves read_history(const std::filesystem::path& path, const MetricTable& metrics) {
  HistoryCurves curves;
  for (const Metric& metric : metrics) {
    if (metric.unit == std::string("%")) curves.validation.push_back({metric.name, {}});
  }
  if (!std::filesystem::exists(path)) return curves;
  for (const nlohmann::json& line : json_lines(read_text(path))) {
    const auto number = [](const nlohmann::json& value) {
      return value.is_number() ? value.get<double>() : std::nan("");
    };
    if (!line.contains("epoch")) continue;
    const double epoch = number(line["epoch"]);
    curves.loss.points.emplace_back(epoch, number(line.value("loss", nlohmann::json())));
    curves.lr.points.emplace_back(epoch, number(line.value("lr", nlohmann::json())));
    for (Curve& curve : curves.validation) {
      const auto recall = nlohmann::json::json_pointer("/val/t2v/" + curve.name);
      if (line.contains(recall)) curve.points.emplace_back(epoch, number(line[recall]));
    }
    const nlohmann::json sets = line.value("sets", nlohmann::json());
    if (!sets.is_object()) continue;
    for (const auto& [name, values] : sets.items()) {
      const auto recall = nlohmann::json::json_pointer("/t2v/R@10");
      if (!values.contains(recall)) continue;
      auto curve = std::find_if(curves.sets.begin(), curves.sets.end(),
                                [&name = name](const Curve& known) { return known.name == name; });
      if (curve == curves.sets.end()) curve = curves.sets.insert(curve, {name, {}});
      curve->points.emplace_back(epoch, number(values[recall]));
    }
  }
  return curves;
}

std::string card(const std::string& html) {
  return html.empty() ? html : "<div class=\"card\">" + html + "</div>";
}

std::string plots_section(const ReportInput& input) {
  const Evaluation& evaluation = *input.evaluation;
  const auto clips = static_cast<std::size_t>(evaluation.video.rows());
  const HistoryCurves history = read_history(input.history, evaluation.t2v.table());
  return "<h2>Curves</h2><div class=\"plots\">" +
         card(line_plot({"Recall at every K", "K", "queries found, %"},
                        {recall_curve("text to video", evaluation.t2v_ranks.ranks, clips),
                         recall_curve("video to text", evaluation.v2t_ranks.ranks,
                                      static_cast<std::size_t>(evaluation.text.rows())),
                         chance_curve(clips)},
                        Scale::Logarithmic)) +
         card(rank_histogram(evaluation)) +
         card(line_plot({"Training loss", "epoch", "mean loss per step"}, {history.loss})) +
         card(line_plot({"Validation, text to video", "epoch", "recall, %"}, history.validation)) +
         card(line_plot({"Further data sets, text to video", "epoch", "R@10, %"}, history.sets)) +
         card(line_plot({"Learning rate", "epoch", "learning rate of Adam"}, {history.lr})) + "</div>";
}

std::string text_section(const ReportInput& input) {
  if (input.text.empty()) return {};
  std::string rows, unknown;
  for (const auto& [split, coverage] : input.text) {
    const double share = coverage.words > 0 ? 100.0 * static_cast<double>(coverage.unknown_words) /
                                                  static_cast<double>(coverage.words)
                                            : 0;
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.2f} %</td></tr>",
        escape_html(split), coverage.sentences, coverage.empty_sentences, coverage.words,
        coverage.unknown_words, share);
    std::string list;
    for (const auto& [word, count] : coverage.commonest_unknown)
      list += fmt::format("<li>{} <small>{}×</small></li>", escape_html(word), count);
    if (!list.empty())
      unknown += "<h3>Most frequent words without a vector, " + escape_html(split) +
                 "</h3><ul class=\"words\">" + list + "</ul>";
  }
  return "<h2>Words</h2><div class=\"card\"><div class=\"scroll\" "
         "tabindex=\"0\"><table><thead><tr><th></th><th "
         "scope=\"col\">captions</th><th scope=\"col\">without a known word</th><th "
         "scope=\"col\">words</th><th "
         "scope=\"col\">without a vector</th><th scope=\"col\">share</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>" + unknown + "</div>";
}

/// "lane 2d: 58 ok, 2 partial", one paragraph per lane.
std::string outcomes_html(const std::vector<OutcomeSum>& outcomes) {
  std::string out, lane;
  for (const OutcomeSum& row : outcomes) {
    if (out.empty() || row.lane != lane)
      out += (out.empty() ? "<p>lane " : "</p><p>lane ") + escape_html(row.lane) + ": ";
    else
      out += ", ";
    lane = row.lane;
    out += fmt::format("{} {}", row.videos, escape_html(row.status));
  }
  return out.empty() ? "<p>none</p>" : out + "</p>";
}

std::string trouble_row(const OutcomeRow& row) {
  std::string words = row.message;
  if (row.status == "partial" && row.expected_frames > 0)
    words += fmt::format(" ({} of {} frames)", row.decoded_frames, row.expected_frames);
  return "<tr><td>" + escape_html(video_text(row.video)) + "</td><td>" + escape_html(row.lane) + "</td><td>" +
         escape_html(row.status) + "</td><td>" + escape_html(words) + "</td></tr>";
}

std::string videos_section(const ReportInput& input) {
  std::string out = "<h2>Videos of the store</h2><div class=\"card\">" + outcomes_html(input.outcomes);
  if (input.troubles.empty()) return out + "</div>";
  out +=
      "<div class=\"scroll\" tabindex=\"0\"><table class=\"texts\"><thead><tr><th "
      "scope=\"col\">video</th><th "
      "scope=\"col\">lane</th><th scope=\"col\">status</th><th scope=\"col\">message from "
      "libav</th></tr></thead><tbody>";
  for (const OutcomeRow& row : input.troubles) out += trouble_row(row);
  return out +
         "</tbody></table></div><p><small>At most 200 are shown; <code>pipeline store failures</code> lists "
         "them all.</small></p></div>";
}

std::string notes_section(const ReportInput& input) {
  if (input.notes.empty()) return {};
  std::string out = "<h2>Data set checks</h2><div class=\"card\"><ul class=\"plain\">";
  for (const std::string& note : input.notes) out += "<li>" + escape_html(note) + "</li>";
  return out + "</ul></div>";
}

std::string provenance_section(const ReportInput& input) {
  std::string out = "<h2>How it was made</h2><div class=\"card\"><table class=\"texts\"><tbody>";
  for (const auto& [name, value] : input.provenance) {
    out += "<tr><th scope=\"row\">" + escape_html(name) + "</th><td>" + escape_html(value) + "</td></tr>";
  }
  out += "</tbody></table>";
  if (!input.config.empty()) {
    out += "<details><summary>Configuration (config.toml)</summary><pre>" + escape_html(input.config) +
           "</pre></details>";
  }
  return out + "</div>";
}

/// The policy forbids every request, whatever a caption may contain.
std::string head(const std::string& title) {
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
         "http-equiv=\"Content-Security-Policy\" "
         "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"><meta name=\"viewport\" "
         "content=\"width=device-width,initial-scale=1\"><title>" +
         escape_html(title) + "</title><style>" + kReportStyle + "</style></head><body>";
}

}  // namespace

std::string report_html(const ReportInput& input) {
  std::string out = head(input.title) + "<header><h1>" + escape_html(input.title) +
                    "</h1><p class=\"soft\">" + escape_html(input.subtitle) + "</p></header><main>";
  if (!input.cautions.empty()) {
    out += "<div class=\"cautions\" role=\"note\">";
    for (const std::string& caution : input.cautions) out += "<p>" + escape_html(caution) + "</p>";
    out += "</div>";
  }
  return out + metrics_section(input) + plots_section(input) + gallery_html(input) + text_section(input) +
         videos_section(input) + notes_section(input) + provenance_section(input) + "</main></body></html>\n";
}

}  // namespace tvr
