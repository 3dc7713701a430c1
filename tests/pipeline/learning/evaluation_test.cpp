#include "pipeline/learning/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/learning/comparison.h"
#include "pipeline/learning/history.h"
#include "tests/support/temp_folder.h"
#include "tests/support/worst_rank.h"

namespace tvr {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempFolder;
using testing::worst_rank;

/// Of five captions of ten clips.
Evaluation evaluation_with(const MetricTable& table = retrieval_metrics()) {
  Evaluation evaluation;
  evaluation.t2v_ranks.ranks = {1, 2, 2.5, 7, 10};
  evaluation.v2t_ranks.ranks = {1, 1, 4, 6, 10};
  evaluation.t2v = summarize(evaluation.t2v_ranks.ranks, table);
  evaluation.v2t = summarize(evaluation.v2t_ranks.ranks, table);
  evaluation.t2v_interval = bootstrap_interval(evaluation.t2v_ranks, 0.95, 200, 1, table);
  evaluation.v2t_interval = bootstrap_interval(evaluation.v2t_ranks, 0.95, 200, 1, table);
  evaluation.video = Matrix(10, 2);
  return evaluation;
}

MetricTable one_more() {
  MetricTable table = retrieval_metrics();
  table.push_back(worst_rank());
  return table;
}

TEST(Evaluation, IsATableForPeople) {
  EXPECT_EQ(metrics_table({evaluation_with()}),
            "                             R@1         R@5         R@10      MedR    MeanR  queries\n"
            "----------------------  --------  ----------  -----------  --------  -------  -------\n"
            "text to video               20.0        60.0        100.0       2.5      4.5        5\n"
            "  95 % interval         0.0-60.0  20.0-100.0  100.0-100.0  1.0-10.0  1.8-7.3         \n"
            "video to text               40.0        60.0        100.0       4.0      4.4        5\n"
            "  95 % interval         0.0-80.0  20.0-100.0  100.0-100.0  1.0-10.0  1.6-7.2         \n"
            "chance (text to video)      10.0        50.0        100.0       5.5      5.5         \n");
}

TEST(Evaluation, IsJsonForPrograms) {
  EXPECT_EQ(
      json_of(evaluation_with()).dump(),
      R"({"t2v":{"MeanR":4.5,"MedR":2.5,"R@1":20.0,"R@10":100.0,"R@5":60.0,"interval_95":{"MeanR":[1.8,7.3],"MedR":[1.0,10.0],"R@1":[0.0,60.0],"R@10":[100.0,100.0],"R@5":[20.0,100.0]},"queries":5},"v2t":{"MeanR":4.4,"MedR":4.0,"R@1":40.0,"R@10":100.0,"R@5":60.0,"interval_95":{"MeanR":[1.6,7.2],"MedR":[1.0,10.0],"R@1":[0.0,80.0],"R@10":[100.0,100.0],"R@5":[20.0,100.0]},"queries":5}})");
}

TEST(Evaluation, ShowsAMetricThatIsARowMoreInTableAndJson) {
  const MetricTable table = one_more();
  const Evaluation evaluation = evaluation_with(table);
  const std::string text = metrics_table({evaluation});
  EXPECT_THAT(text, HasSubstr("worst"));
  const nlohmann::json json = json_of(evaluation);
  EXPECT_EQ(json["t2v"]["worst"], 10);
  EXPECT_EQ(json["t2v"]["interval_95"]["worst"][1], 10);
  EXPECT_EQ(json_of(std::vector<Evaluation>{evaluation, evaluation})["v2t"]["deviation"]["worst"], 0);
}

TEST(Comparison, ShowsAMetricThatIsARowMoreInEveryForm) {
  const MetricTable table = one_more();
  const Evaluation a = evaluation_with(table);
  const PairedComparison paired = compare_paired(a.t2v_ranks, a.v2t_ranks, 100, 1, table);
  const Spread t2v = spread_of({a.t2v}), v2t = spread_of({a.v2t});
  const Comparison comparison{{{"a", "", "", ""}, 1, {t2v, {}, {}}, {v2t, {}, {}}},
                              {{"b", "", "", ""}, 1, {v2t, paired, {}}, {t2v, paired, {}}}};
  EXPECT_EQ(json_of(comparison)["t2v"]["worst"][0]["mean"], 10);
  EXPECT_THAT(comparison_table(comparison), HasSubstr("worst"));
  EXPECT_THAT(comparison_latex(comparison), HasSubstr("& worst"));
  EXPECT_THAT(comparison_csv(comparison), HasSubstr("a,t2v,worst,5,1,10,,,,,,,\n"));
}

Comparison comparison_of(const std::vector<std::vector<Evaluation>>& systems) {
  Comparison comparison;
  for (std::size_t i = 0; i < systems.size(); ++i) {
    const RunFacts facts{"run_" + std::to_string(i), "best", "captions c.csv", "abc1234"};
    comparison.push_back(compared(facts, systems[i], i == 0 ? std::vector<Evaluation>() : systems[0]));
  }
  return comparison;
}

TEST(Comparison, OfSeveralSeedsShowsBothUncertainties) {
  Evaluation better = evaluation_with();
  better.t2v_ranks.ranks[1] = 1;
  better.t2v = summarize(better.t2v_ranks.ranks);
  const std::vector<Evaluation> a = {evaluation_with(), evaluation_with()}, b = {evaluation_with(), better};
  const Comparison comparison = comparison_of({a, b});
  const auto json = nlohmann::json::parse(json_of(comparison).dump());
  EXPECT_EQ(json["runs"][1], nlohmann::json({{"run", "run_1"},
                                             {"seeds", 2},
                                             {"recipe", "best"},
                                             {"data", "captions c.csv"},
                                             {"commit", "abc1234"}}));
  EXPECT_EQ(json["t2v"]["queries"], 5);
  const nlohmann::json& recall = json["t2v"]["R@1"];
  EXPECT_EQ(recall[0], nlohmann::json({{"mean", 20.0}, {"deviation", 0.0}}));
  EXPECT_NEAR(recall[1]["deviation"].get<double>(), 14.1, 0.1);
  EXPECT_NEAR(recall[1]["difference"].get<double>(), 10, 1e-9);
  EXPECT_NEAR(recall[1]["p_seeds"].get<double>(), 0.5, 1e-9) << "t = 1 with one degree of freedom";
  EXPECT_TRUE(json["v2t"]["R@1"][1]["p_seeds"].is_null()) << "equal in all trainings";
  EXPECT_THAT(comparison_table(comparison),
              AllOf(HasSubstr("run_0, 2 seeds"), HasSubstr("run_1, 2 seeds"), HasSubstr("p (videos)"),
                    HasSubstr("p (seeds)"), HasSubstr("30.0 ± 14.1"), HasSubstr("abc1234")));
  const std::vector<Evaluation> one = {evaluation_with()};
  EXPECT_THAT(comparison_table(comparison_of({one, one})), Not(HasSubstr("seeds")));
}

TEST(Comparison, TakesAnyNumberOfRunsEachAgainstTheFirst) {
  const std::vector<Evaluation> one = {evaluation_with()}, two = {evaluation_with(), evaluation_with()};
  const auto json = json_of(comparison_of({one, two, one}));
  ASSERT_EQ(json["t2v"]["MedR"].size(), 3U);
  EXPECT_EQ(json["t2v"]["MedR"][0].count("p"), 0U);
  EXPECT_EQ(json["t2v"]["MedR"][1]["p"], 1);
  EXPECT_EQ(json["t2v"]["MedR"][1].count("p_seeds"), 0U) << "the first has one seed";
  EXPECT_EQ(json["t2v"]["MedR"][2]["difference"], 0);
}

TEST(Comparison, IsATableForPapers) {
  Evaluation good = evaluation_with();
  good.t2v_ranks.ranks.assign(5, 1);
  good.t2v = summarize(good.t2v_ranks.ranks);
  const std::string text = comparison_latex(comparison_of({{evaluation_with()}, {good, evaluation_with()}}));
  EXPECT_THAT(
      text, AllOf(HasSubstr("% run_0: recipe best; data captions c.csv; commit abc1234\n"),
                  HasSubstr("\\begin{tabular}{lrrrrr}\n\\toprule\n & R@1 & R@5 & R@10 & MedR & MeanR \\\\\n"),
                  HasSubstr("run\\_0 & $20.0$ & $60.0$"), HasSubstr("run\\_1, 2 seeds & $60.0 \\pm 56.6$")));
}

TEST(History, HasAMetricThatIsARowMore) {
  const TempFolder folder;
  const MetricTable table = one_more();
  const RunFolder run(folder.path());
  History(run).add({1, 0.5, 0.1, 2, evaluation_with(table).t2v});
  const auto line = nlohmann::json::parse(read_text(run.history()));
  EXPECT_EQ(line["val"]["t2v"]["worst"], 10);
  EXPECT_THAT(read_text(run.events()), HasSubstr("val/t2v/worst"));
}

}  // namespace
}  // namespace tvr
