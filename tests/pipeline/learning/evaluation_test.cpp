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

TEST(Comparison, ShowsAMetricThatIsARowMoreInTableAndJson) {
  const MetricTable table = one_more();
  const Evaluation a = evaluation_with(table);
  const PairedComparison paired = compare_paired(a.t2v_ranks, a.v2t_ranks, 100, 1, table);
  const Spread t2v = spread_of({a.t2v}), v2t = spread_of({a.v2t});
  const Comparison comparison{1, 1, {t2v, v2t, paired, {}}, {v2t, t2v, paired, {}}};
  EXPECT_EQ(json_of(comparison)["t2v"]["worst"]["a"], 10);
  EXPECT_THAT(comparison_table(comparison), HasSubstr("v2t worst"));
}

TEST(Comparison, OfSeveralSeedsShowsBothUncertainties) {
  Evaluation better = evaluation_with();
  better.t2v_ranks.ranks[1] = 1;
  better.t2v = summarize(better.t2v_ranks.ranks);
  const std::vector<Evaluation> a = {evaluation_with(), evaluation_with()}, b = {evaluation_with(), better};
  const auto json = nlohmann::json::parse(json_of(compare(a, b)).dump());
  EXPECT_EQ(json["seeds"], nlohmann::json({{"a", 2}, {"b", 2}}));
  const nlohmann::json& recall = json["t2v"]["R@1"];
  EXPECT_EQ(recall["a_deviation"], 0);
  EXPECT_NEAR(recall["b_deviation"].get<double>(), 14.1, 0.1);
  EXPECT_NEAR(recall["difference"].get<double>(), 10, 1e-9);
  EXPECT_NEAR(recall["p_seeds"].get<double>(), 0.5, 1e-9) << "t = 1 with one degree of freedom";
  EXPECT_TRUE(json["v2t"]["R@1"]["p_seeds"].is_null()) << "equal in all trainings";
  EXPECT_THAT(comparison_table(compare(a, b)),
              AllOf(HasSubstr("A, 2 seeds"), HasSubstr("B, 2 seeds"), HasSubstr("p (videos)"),
                    HasSubstr("p (seeds)"), HasSubstr("30.0 ± 14.1")));
  const std::vector<Evaluation> one = {evaluation_with()};
  EXPECT_EQ(json_of(compare(one, one)).count("seeds"), 0U);
  EXPECT_THAT(comparison_table(compare(one, one)), Not(HasSubstr("seeds")));
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
