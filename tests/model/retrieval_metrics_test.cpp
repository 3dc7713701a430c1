#include "model/retrieval_metrics.h"

#include <gtest/gtest.h>

#include "data/error.h"

namespace tvr {
namespace {

TEST(Summarize, CountsRecallsInPerCent) {
  const RetrievalMetrics metrics = summarize({1, 1.5, 5, 6, 10, 11, 100, 3});
  EXPECT_EQ(metrics.r1, 12.5);
  EXPECT_EQ(metrics.r5, 50);
  EXPECT_EQ(metrics.r10, 75);
  EXPECT_EQ(metrics.median_rank, 5.5);
  EXPECT_EQ(metrics.mean_rank, 137.5 / 8);
  EXPECT_EQ(metrics.queries, 8);
}

TEST(Summarize, OfNothingIsZero) { EXPECT_EQ(summarize({}).queries, 0); }

TEST(TiesNamed, KnowsFourRulesAndNamesThem) {
  EXPECT_EQ(ties_named("legacy"), Ties::Legacy);
  EXPECT_THROW((void)ties_named("fair"), Error);
}

}  // namespace
}  // namespace tvr
