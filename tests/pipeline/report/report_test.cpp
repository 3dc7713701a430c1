// The page of a run whose every text is hostile.
#include "pipeline/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/support/temp_folder.h"
#include "tests/support/worst_rank.h"
#include "tests/support/write_file.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempFolder;
using testing::write_file;

const std::string kHostile = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[31m\xff";

OutcomeSum sum(const std::string& lane, const std::string& status, std::int64_t videos) {
  OutcomeSum outcomes;
  outcomes.lane = lane;
  outcomes.status = status;
  outcomes.videos = videos;
  return outcomes;
}

class Report : public ::testing::Test {
 protected:
  Report() {
    test_.captions = {"a red ball zzz", kHostile, "the third"};
    test_.pairs.captions = {{0}, {1}, {2}};
    test_.pairs.clip_of = {0, 1, 2};
    test_.clips = {{"clip0", {}}, {kHostile, TimeSpan{Micros{1'500'000}, Micros{65'000'000}}}, {"clip2", {}}};
    evaluation_.text = Matrix(3, 2);
    evaluation_.video = Matrix(3, 2);
    for (std::int64_t i = 0; i < 3; ++i) {
      evaluation_.text.row(i)[i % 2] = evaluation_.video.row(i)[i % 2] = 1;
    }
    evaluation_.t2v_ranks.ranks = {1.5, 1, 1.5};
    evaluation_.v2t_ranks.ranks = {1, 2, 3};
    evaluation_.t2v = summarize(evaluation_.t2v_ranks.ranks);
    evaluation_.v2t = summarize(evaluation_.v2t_ranks.ranks);
    words_.ids = {{"a", 0}, {"red", 1}, {"ball", 2}};
    input_.title = input_.subtitle = kHostile;
    input_.cautions = input_.notes = {kHostile};
    input_.test = &test_;
    input_.evaluation = &evaluation_;
    input_.words = &words_;
    input_.text = {{kHostile, {3, 1, 9, 2, {{kHostile, 2}}}}};
    input_.outcomes = {sum("2d", "ok", 2), sum(kHostile, kHostile, 1)};
    OutcomeRow trouble;
    trouble.video = trouble.lane = trouble.status = trouble.message = kHostile;
    input_.troubles = {trouble};
    input_.provenance = {{kHostile, kHostile}};
    input_.config = kHostile;
    input_.picture = [](const ClipRef& clip) { return clip.video_id == "clip0" ? std::string("JPEG") : ""; };
  }

  TempFolder folder_;
  Pairs test_;
  Evaluation evaluation_;
  WordTable words_;
  ReportInput input_;
};

TEST_F(Report, RunsNothingThatATextMayHold) {
  const std::string html = report_html(input_);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img src=x")));
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST_F(Report, HasOnlyTheTagsThatItWritesItself) {
  const std::string html = report_html(input_);
  // None that runs anything or leads away: no script, iframe, a, form, link.
  static const std::set<std::string> known = {
      "b",    "body",  "br",    "circle", "code",    "dd",   "desc",     "details", "div",
      "dl",   "dt",    "h1",    "h2",     "h3",      "head", "header",   "html",    "img",
      "li",   "line",  "main",  "meta",   "ol",      "p",    "polyline", "pre",     "q",
      "rect", "small", "span",  "style",  "summary", "svg",  "table",    "tbody",   "td",
      "text", "th",    "thead", "title",  "tr",      "u",    "ul"};
  static const std::regex tag("<([A-Za-z][^ >/]*)");
  for (std::sregex_iterator at(html.begin(), html.end(), tag), end; at != end; ++at) {
    EXPECT_EQ(known.count((*at)[1]), 1u) << (*at)[1];
  }
}

TEST_F(Report, AsksNoOtherHost) {
  const std::string html = report_html(input_);
  EXPECT_THAT(html, Not(HasSubstr("http://")));
  EXPECT_THAT(html, Not(HasSubstr("https://")));
  EXPECT_THAT(html, Not(HasSubstr("url(")));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  static const std::regex source("src=\"([^\"]*)\"");
  for (std::sregex_iterator at(html.begin(), html.end(), source), end; at != end; ++at) {
    EXPECT_EQ((*at)[1].str().rfind("data:image/jpeg;base64,", 0), 0u) << (*at)[1];
  }
}

TEST_F(Report, MarksTheWantedAndWordsWithoutAVector) {
  const std::string html = report_html(input_);
  EXPECT_THAT(html, HasSubstr("a red ball <u title=\"no vector\">zzz</u>"));
  EXPECT_THAT(html, HasSubstr("alt=\"frame of clip0\" src=\"data:image/jpeg;base64,SlBFRw==\""));
  EXPECT_THAT(html, HasSubstr("0:01.5 to 1:05.0"));
  EXPECT_THAT(html, HasSubstr("✓"));
}

TEST_F(Report, DrawsTheCurvesOfItsHistoryAndPassesOverBrokenLines) {
  input_.history = write_file(
      folder_ / "history.jsonl",
      "{\"epoch\":1,\"loss\":0.5,\"lr\":0.1,\"val\":{\"t2v\":{\"R@1\":10,\"R@5\":20,\"R@10\":30}}}\n"
      "not JSON\n"
      "{\"epoch\":2,\"loss\":\"x\",\"lr\":0.1}\n"
      "{\"epoch\":3,\"loss\":0.25,\"lr\":0.1}\n");
  const std::string html = report_html(input_);
  EXPECT_THAT(html, HasSubstr("loss: 0.5 at 1, 0.25 at 3."));
  EXPECT_THAT(html, HasSubstr("Validation, text to video"));
  EXPECT_THAT(html, HasSubstr("Learning rate"));
}

TEST_F(Report, GivesTheMeanAndDeviationOfSeveralSeeds) {
  RetrievalMetrics low, high;
  low["R@1"] = 10;
  high["R@1"] = 14;
  input_.seeds = {low};
  EXPECT_THAT(report_html(input_), Not(HasSubstr("seeds</th>")));
  input_.seeds = {low, high};
  EXPECT_THAT(report_html(input_), HasSubstr("mean of 2 seeds</th><td>12.0<small>± 2.8</small></td>"));
}

TEST_F(Report, ShowsAMetricThatIsARowMore) {
  MetricTable table = retrieval_metrics();
  table.push_back(testing::worst_rank());
  evaluation_.t2v = summarize(evaluation_.t2v_ranks.ranks, table);
  evaluation_.t2v_interval = bootstrap_interval(evaluation_.t2v_ranks, 0.95, 100, 1, table);
  const std::string html = report_html(input_);
  EXPECT_THAT(html, HasSubstr("<dt>worst</dt>"));
  EXPECT_THAT(html, HasSubstr("title=\"the last rank; lower is better\">worst</th>"));
}

TEST_F(Report, CountsVideosByLaneAndStatus) {
  input_.outcomes = {sum("2d", "ok", 2), sum("2d", "partial", 1), sum("3d", "ok", 3)};
  EXPECT_THAT(report_html(input_), HasSubstr("<p>lane 2d: 2 ok, 1 partial</p><p>lane 3d: 3 ok</p>"));
}

TEST_F(Report, GivesEachFigureItsInterval) {
  evaluation_.t2v_ranks.ranks.assign(100, 1);
  evaluation_.t2v = summarize(evaluation_.t2v_ranks.ranks);
  evaluation_.t2v_interval = bootstrap_interval(evaluation_.t2v_ranks);
  test_.captions.resize(100, "x");
  test_.pairs.clip_of.resize(100, 0);
  evaluation_.text = Matrix(100, 2);
  EXPECT_THAT(report_html(input_), HasSubstr("<td>100.0<small>100.0 – 100.0</small></td>"));
}

}  // namespace
}  // namespace tvr
