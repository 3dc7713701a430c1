#include "pipeline/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "pipeline/svg.h"
#include "pipeline/thumbnail.h"

namespace tvr {
namespace {

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--ink:#1d2330;--soft:#667085;--line:#d9dee7;--paper:#fff;--good:#15803d;--c0:#2563eb;--c1:#d97706;--c2:#9333ea}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#344054;--paper:#12151c;--good:#4ade80;--c0:#60a5fa;--c1:#fbbf24;--c2:#c084fc}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}h2{margin:2.2rem 0 .6rem}.soft{color:var(--soft)}
table{border-collapse:collapse}th,td{padding:.3rem .8rem;border-bottom:1px solid var(--line);text-align:right}
th:first-child,td:first-child{text-align:left}.details td{text-align:left;vertical-align:top;word-break:break-word}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:1rem}svg{width:100%}
svg text{fill:var(--ink);font:11px system-ui,sans-serif}svg .title{font-weight:600;font-size:13px}svg .tick{fill:var(--soft)}
.grid{stroke:var(--line)}.curve{fill:none;stroke-width:2}.curve.c0{stroke:var(--c0)}.curve.c1{stroke:var(--c1)}.curve.c2{stroke:var(--c2)}
.legend.c0{fill:var(--c0)}.legend.c1{fill:var(--c1)}.legend.c2{fill:var(--c2)}.bar{fill:var(--c0)}
.query{margin:1.4rem 0}.hits{display:flex;gap:.6rem;overflow-x:auto;margin:.4rem 0 0;padding:0;list-style:none}
.hits li{flex:0 0 auto;width:9.5rem;font-size:.8rem}.hits img,.hits .none{width:100%;aspect-ratio:4/3;object-fit:cover;border-radius:.3rem;border:3px solid transparent;display:block;background:var(--line)}
.hits li.wanted img,.hits li.wanted .none{border-color:var(--good)}.hits li.wanted{color:var(--good);font-weight:600}
)";

std::string metric_row(const std::string& name, const RetrievalMetrics& m) {
  return fmt::format(
      "<tr><td>{}</td><td>{:.1f}</td><td>{:.1f}</td><td>{:.1f}</td><td>{:.1f}</td><td>{:.1f}</td><td>{}</"
      "td></tr>",
      name, m.r1, m.r5, m.r10, m.median_rank, m.mean_rank, m.queries);
}

std::string metrics_section(const Evaluation& evaluation) {
  const auto n = static_cast<double>(evaluation.video.rows());
  RetrievalMetrics chance;
  chance.r1 = 100 * std::min(1.0, 1 / n);
  chance.r5 = 100 * std::min(1.0, 5 / n);
  chance.r10 = 100 * std::min(1.0, 10 / n);
  chance.median_rank = chance.mean_rank = (n + 1) / 2;
  chance.queries = evaluation.t2v.queries;
  return "<h2>Retrieval on the test "
         "split</h2><table><tr><th></th><th>R@1</th><th>R@5</th><th>R@10</th><th>MedR</th>"
         "<th>MeanR</th><th>queries</th></tr>" +
         metric_row("text to video", evaluation.t2v) + metric_row("video to text", evaluation.v2t) +
         metric_row("<span class=\"soft\">chance, text to video</span>", chance) + "</table>";
}

Curve recall_curve(const std::string& name, std::vector<double> ranks, std::size_t candidates) {
  std::sort(ranks.begin(), ranks.end());
  Curve curve{name, {}};
  for (std::size_t k = 1; k <= candidates; ++k) {
    const auto found = std::upper_bound(ranks.begin(), ranks.end(), static_cast<double>(k)) - ranks.begin();
    curve.points.emplace_back(k, 100.0 * static_cast<double>(found) / static_cast<double>(ranks.size()));
  }
  return curve;
}

std::string rank_histogram(const std::vector<double>& ranks) {
  const std::vector<double> edges = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e12};
  std::vector<std::pair<std::string, double>> bars;
  double low = 0;
  for (const double edge : edges) {
    const auto count =
        std::count_if(ranks.begin(), ranks.end(), [&](double r) { return r > low && r <= edge; });
    bars.emplace_back(edge > 1000 ? "more" : fmt::format("≤{:g}", edge), static_cast<double>(count));
    low = edge;
  }
  while (bars.size() > 1 && bars.back().second == 0) bars.pop_back();
  return bar_plot("Rank of the wanted video", bars);
}

std::vector<Curve> history_curves(const std::filesystem::path& path) {
  Curve loss{"loss", {}};
  if (!std::filesystem::exists(path)) return {loss};
  const std::string text = read_text(path);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto line = nlohmann::json::parse(text.substr(at, end - at), nullptr, false);
    if (line.is_object()) loss.points.emplace_back(line.value("epoch", 0), line.value("loss", 0.0));
    at = end + 1;
  }
  return {loss};
}

std::string plots_section(const ReportInput& input) {
  const Evaluation& evaluation = *input.evaluation;
  const auto candidates = static_cast<std::size_t>(evaluation.video.rows());
  return "<h2>Curves</h2><div class=\"plots\">" +
         line_plot("Training loss", "epoch", history_curves(input.history)) +
         line_plot("Recall at K, per cent", "K",
                   {recall_curve("text to video", evaluation.t2v_ranks, candidates),
                    recall_curve("video to text", evaluation.v2t_ranks,
                                 static_cast<std::size_t>(evaluation.text.rows()))}) +
         rank_histogram(evaluation.t2v_ranks) + "</div>";
}

/// Test captions by rank: the three best, three in the middle, the three worst.
std::vector<std::size_t> shown_queries(const std::vector<double>& ranks) {
  std::vector<std::size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return ranks[a] < ranks[b]; });
  if (order.size() <= 9) return order;
  std::vector<std::size_t> shown(order.begin(), order.begin() + 3);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2) - 1;
  shown.insert(shown.end(), middle, middle + 3);
  shown.insert(shown.end(), order.end() - 3, order.end());
  return shown;
}

class Gallery {
 public:
  explicit Gallery(const ReportInput& input) : input_(input) {
    for (const VideoSource& video : *input.videos) paths_[video.id] = video.path;
  }

  [[nodiscard]] std::string section() {
    std::string out =
        "<h2>What was found</h2><p class=\"soft\">Test sentences with the five best videos and, in green, "
        "the wanted one: the "
        "three best ranked, three of the middle, the three worst.</p>";
    for (const std::size_t query : shown_queries(input_.evaluation->t2v_ranks)) out += one(query);
    return out;
  }

 private:
  std::string one(std::size_t query) {
    const Evaluation& evaluation = *input_.evaluation;
    const float* text = evaluation.text.row(static_cast<std::int64_t>(query));
    std::vector<Hit> hits = top_k(text, evaluation.video, 5);
    const std::int32_t wanted = input_.test->pairs.clip_of[query];
    std::string out = fmt::format(
        "<div class=\"query\"><strong>{}</strong> <span class=\"soft\">rank {:g}</span><ol class=\"hits\">",
        escape_html(input_.test->captions[query]), evaluation.t2v_ranks[query]);
    const bool found =
        std::any_of(hits.begin(), hits.end(), [&](const Hit& hit) { return hit.row == wanted; });
    if (!found) {
      const float* video = evaluation.video.row(wanted);
      hits.push_back({wanted, std::inner_product(text, text + evaluation.text.cols(), video, 0.0f)});
    }
    for (const Hit& hit : hits) {
      const std::string& id = input_.test->clips[static_cast<std::size_t>(hit.row)].video_id;
      out += fmt::format("<li{}>{}{}<br>{:.3f}</li>", hit.row == wanted ? " class=\"wanted\"" : "",
                         image(hit.row), escape_html(id), hit.score);
    }
    return out + "</ol></div>";
  }

  const std::string& image(std::int32_t row) {
    std::string& html = images_[row];
    if (!html.empty()) return html;
    const ClipRef& clip = input_.test->clips[static_cast<std::size_t>(row)];
    const std::optional<Micros> at =
        clip.span ? std::optional<Micros>((clip.span->start + clip.span->end) / 2) : std::nullopt;
    const std::string jpeg = thumbnail_jpeg(paths_[clip.video_id], at);
    html = jpeg.empty() ? "<span class=\"none\"></span>"
                        : "<img alt=\"\" src=\"data:image/jpeg;base64," + base64(jpeg) + "\">";
    return html;
  }

  const ReportInput& input_;
  std::map<std::string, std::filesystem::path> paths_;
  std::map<std::int32_t, std::string> images_;
};

std::string details_section(const ReportInput& input) {
  std::string out = "<h2>How it was made</h2><table class=\"details\">";
  for (const auto& [name, value] : input.details) {
    out += "<tr><td>" + escape_html(name) + "</td><td>" + escape_html(value) + "</td></tr>";
  }
  out += "</table>";
  if (!input.findings.empty()) {
    out += "<h2>Findings</h2><ul>";
    for (const std::string& finding : input.findings) out += "<li>" + escape_html(finding) + "</li>";
    out += "</ul>";
  }
  return out;
}

}  // namespace

std::string report_html(const ReportInput& input) {
  std::string out =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>" +
      escape_html(input.title) + "</title><style>" + kStyle + "</style><h1>" + escape_html(input.title) +
      "</h1><p class=\"soft\">" +
      escape_html(fmt::format("{}: {} training clips, {} test clips with {} captions", input.data->name,
                              input.data->train.clips.size(), input.test->clips.size(),
                              input.test->captions.size())) +
      "</p>";
  out += metrics_section(*input.evaluation) + plots_section(input);
  if (!input.test->captions.empty()) out += Gallery(input).section();
  return out + details_section(input) + "</html>\n";
}

}  // namespace tvr
