#include "model/retrieval_metrics.h"

#include <gtest/gtest.h>

#include "../support/expect_error.h"
#include "../support/worst_rank.h"
#include "model/significance.h"

namespace tvr {
namespace {

using testing::expect_error;
using testing::worst_rank;

TEST(Summarize, CountsRecallsInPerCent) {
  const RetrievalMetrics metrics = summarize({1, 1.5, 5, 6, 10, 11, 100, 3});
  EXPECT_EQ(metrics["R@1"], 12.5);
  EXPECT_EQ(metrics["R@5"], 50);
  EXPECT_EQ(metrics["R@10"], 75);
  EXPECT_EQ(metrics["MedR"], 5.5);
  EXPECT_EQ(metrics["MeanR"], 137.5 / 8);
  EXPECT_EQ(metrics.queries, 8);
}

TEST(Summarize, DoesNotMindTheOrder) { EXPECT_EQ(summarize({7, 1, 3}).values, summarize({1, 3, 7}).values); }

TEST(Summarize, OfNothingIsZero) { EXPECT_EQ(summarize({}).queries, 0); }

TEST(RetrievalMetrics, AreBetterThanChanceInTheDirectionOfTheirRow) {
  const RetrievalMetrics perfect = summarize({1, 1, 1}), chance = chance_among(20);
  for (std::size_t m = 0; m < perfect.values.size(); ++m) {
    const Metric& metric = perfect.table()[m];
    EXPECT_EQ(perfect.values[m] > chance.values[m], metric.better == Better::Higher) << metric.name;
    EXPECT_NE(perfect.values[m], chance.values[m]) << metric.name;
  }
}

TEST(RetrievalMetrics, HaveByChanceTheMeanOverAllRanks) {
  for (const int candidates : {1, 4, 20}) {
    std::vector<double> all;
    for (int rank = 1; rank <= candidates; ++rank) all.push_back(rank);
    const RetrievalMetrics seen = summarize(all), chance = chance_among(candidates);
    for (std::size_t m = 0; m < seen.values.size(); ++m)
      EXPECT_DOUBLE_EQ(seen.values[m], chance.values[m]) << seen.table()[m].name << ' ' << candidates;
  }
}

TEST(RetrievalMetrics, AreFoundByNameAlone) {
  EXPECT_EQ(summarize({2})["R@5"], 100);
  expect_error([] { (void)summarize({2})["R@7"]; }, Fault::InvalidArgument, "R@7");
}

TEST(RetrievalMetrics, TakeAMetricMoreAsARow) {
  MetricTable table = retrieval_metrics();
  table.push_back(worst_rank());
  EXPECT_EQ(summarize({3, 9, 2}, table)["worst"], 9);
  EXPECT_EQ(summarize({3, 9, 2}, table)["R@1"], 0);
  EXPECT_EQ(chance_among(12, table)["worst"], 12);
  const MetricsInterval interval = bootstrap_interval({{3, 3, 3}, {}}, 0.95, 50, 1, table);
  EXPECT_EQ(interval.high["worst"], 3);
  const PairedComparison comparison = compare_paired({{3, 9}, {}}, {{3, 4}, {}}, 50, 1, table);
  EXPECT_EQ(comparison.difference["worst"], -5);
  EXPECT_EQ(comparison.p_value["worst"], 1);  // swapped or not, one of the two has the 9
}

TEST(Ties, AreFourRulesWithNames) {
  EXPECT_EQ(kTies.named("--ties", "legacy"), Ties::Legacy);
  expect_error([] { (void)kTies.named("--ties", "fair"); }, Fault::InvalidArgument,
               "Use average, optimistic, pessimistic or legacy");
}

}  // namespace
}  // namespace tvr
