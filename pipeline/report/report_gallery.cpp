#include "pipeline/report/report_gallery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>

#include "extract/media/thumbnail.h"
#include "pipeline/report/svg.h"
#include "text/tokenizer.h"

namespace tvr {
namespace {

constexpr std::size_t kFound = 5;    // results shown per query
constexpr std::size_t kPerPart = 3;  // queries in each of best, median, worst

float dot(const float* a, const float* b, std::int64_t size) {
  return std::inner_product(a, a + size, b, 0.0f);
}

/// A time in minutes and seconds: "1:05.2".
std::string clock_text(Micros time) {
  const std::int64_t tenths = (time.count() + 50'000) / 100'000;
  return fmt::format("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10);
}

class Gallery {
 public:
  explicit Gallery(const ReportInput& input)
      : input_(input), evaluation_(*input.evaluation), clip_of_(input.test->pairs.clip_of) {}

  [[nodiscard]] std::string html() {
    const std::vector<std::size_t> order = by_rank();
    std::string out =
        "<h2>Example queries</h2><p class=\"soft\">The correct clip, then the top five results with their "
        "similarity; the correct clip has a green border.";
    if (input_.words != nullptr) out += " Words without a vector have a dotted underline.";
    out += "</p>";
    if (order.size() <= 3 * kPerPart)
      return out + part("All test captions, best first", order.begin(), order.end());
    const auto part_size = static_cast<std::ptrdiff_t>(kPerPart);
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2) - 1;
    return out + part("Best", order.begin(), order.begin() + part_size) +
           part("Median", middle, middle + part_size) + part("Worst", order.end() - part_size, order.end());
  }

 private:
  using Queries = std::vector<std::size_t>;

  /// Test captions from the best rank to the worst; of equal ranks the most similar first.
  [[nodiscard]] Queries by_rank() const {
    std::vector<float> similarity;
    for (std::size_t query = 0; query < clip_of_.size(); ++query)
      similarity.push_back(similarity_of(query, clip_of_[query]));
    const std::vector<double>& ranks = evaluation_.t2v_ranks.ranks;
    Queries order(clip_of_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return ranks[a] != ranks[b] ? ranks[a] < ranks[b] : similarity[a] > similarity[b];
    });
    return order;
  }

  [[nodiscard]] float similarity_of(std::size_t query, std::int32_t clip) const {
    return dot(evaluation_.text.row(static_cast<std::int64_t>(query)), evaluation_.video.row(clip),
               evaluation_.text.cols());
  }

  std::string part(const std::string& title, Queries::const_iterator begin, Queries::const_iterator end) {
    std::string out = "<h3>" + title + "</h3>";
    for (; begin != end; ++begin) out += one(*begin);
    return out;
  }

  std::string one(std::size_t query) {
    const std::int32_t wanted = clip_of_[query];
    std::string out =
        fmt::format(
            "<div class=\"card query\"><p><span class=\"rank\">rank {:g}</span> <q dir=\"auto\">{}</q></p>",
            evaluation_.t2v_ranks.ranks[query], sentence(input_.test->captions[query])) +
        "<ol class=\"hits\">" + hit("wanted asked", "correct", wanted, similarity_of(query, wanted));
    const float* text = evaluation_.text.row(static_cast<std::int64_t>(query));
    int place = 0;
    for (const Hit& found : top_k(text, evaluation_.video, kFound)) {
      const bool right = found.row == wanted;
      out += hit(right ? "wanted" : "", fmt::format(right ? "{} ✓" : "{}", ++place), found.row, found.score);
    }
    return out + "</ol></div>";
  }

  std::string hit(const char* css, const std::string& label, std::int32_t row, float score) {
    const ClipRef& clip = input_.test->clips[static_cast<std::size_t>(row)];
    std::string span;
    if (clip.span)
      span = fmt::format("<br>{} to {}", clock_text(clip.span->start), clock_text(clip.span->end));
    return fmt::format("<li class=\"{}\">{}<b>{}</b> {:.3f}<br>{}{}</li>", css, picture(row), label, score,
                       escape_html(video_text(clip.video_id)), span);
  }

  /// The sentence, with the words that have no vector marked.
  [[nodiscard]] std::string sentence(const std::string& text) const {
    std::string out;
    std::size_t done = 0;
    for (const std::string& word : tokenize(text)) {
      const std::size_t at = text.find(word, done);
      if (at == std::string::npos || input_.words == nullptr) break;
      out += escape_html(text.substr(done, at - done));
      const bool known = input_.words->ids.count(word) > 0;
      out += known ? escape_html(word) : "<u title=\"no vector\">" + escape_html(word) + "</u>";
      done = at + word.size();
    }
    return out + escape_html(text.substr(done));
  }

  const std::string& picture(std::int32_t row) {
    std::string& html = pictures_[row];
    if (!html.empty()) return html;
    const ClipRef& clip = input_.test->clips[static_cast<std::size_t>(row)];
    const std::string jpeg = input_.picture ? input_.picture(clip) : std::string{};
    html = jpeg.empty() ? "<span class=\"none\" role=\"img\" aria-label=\"no image\"></span>"
                        : fmt::format("<img alt=\"frame of {}\" src=\"data:image/jpeg;base64,{}\">",
                                      escape_html(video_text(clip.video_id)), base64(jpeg));
    return html;
  }

  const ReportInput& input_;
  const Evaluation& evaluation_;
  const std::vector<std::int32_t>& clip_of_;
  std::map<std::int32_t, std::string> pictures_;
};

}  // namespace

std::string gallery_html(const ReportInput& input) { return Gallery(input).html(); }

}  // namespace tvr
