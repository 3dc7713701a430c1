#include "model/significance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/error.h"
#include "model/random.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

using testing::expect_error;

/// `count` ranks, each 1 with the chance given, else 2.
std::vector<double> ranks(std::size_t count, double chance, std::uint64_t seed) {
  const CounterRandom random(seed, RandomUse::Weights, 9);
  std::vector<double> drawn;
  for (std::size_t i = 0; i < count; ++i)
    drawn.push_back(static_cast<double>(random.uniform(i)) < chance ? 1 : 2);
  return drawn;
}

TEST(BootstrapInterval, HasTheWidthThatTheBinomialSays) {
  const MetricsInterval interval = bootstrap_interval(ranks(1000, 0.3, 1));
  const double half = 1.96 * 100 * std::sqrt(0.3 * 0.7 / 1000);
  EXPECT_NEAR((interval.high["R@1"] - interval.low["R@1"]) / 2, half, 0.15 * half);
}

TEST(BootstrapInterval, HoldsTheTruthAboutAsOftenAsItSays) {
  int holds = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const MetricsInterval interval = bootstrap_interval(ranks(300, 0.3, seed), 0.95, 300, seed);
    holds += interval.low["R@1"] <= 30 && 30 <= interval.high["R@1"] ? 1 : 0;
  }
  EXPECT_GE(holds, 180);
  EXPECT_LE(holds, 199);
}

TEST(BootstrapInterval, HoldsEveryMetricAndKeepsEqualRanksEqual) {
  const MetricsInterval interval = bootstrap_interval(std::vector<double>(30, 7));
  EXPECT_EQ(interval.low["R@5"], 0);
  EXPECT_EQ(interval.high["R@10"], 100);
  EXPECT_EQ(interval.low["MedR"], 7);
  EXPECT_EQ(interval.high["MeanR"], 7);
  EXPECT_EQ(interval.high.queries, 30);
}

TEST(ComparePaired, FindsNoDifferenceWhereThereIsNone) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    found +=
        compare_paired(ranks(200, 0.4, seed), ranks(200, 0.4, seed + 1000), 200, seed).p_value["R@1"] < 0.05
            ? 1
            : 0;
  }
  EXPECT_LE(found, 22);  // 5 per cent of 200 are 10; three deviations above
  const std::vector<double> same = ranks(50, 0.5, 3);
  EXPECT_EQ(compare_paired(same, same).p_value["R@1"], 1);
}

TEST(ComparePaired, FindsADifferenceThatIsThere) {
  const PairedComparison comparison = compare_paired(ranks(400, 0.3, 1), ranks(400, 0.5, 2));
  EXPECT_GT(comparison.difference["R@1"], 10);
  EXPECT_LT(comparison.p_value["R@1"], 0.01);
}

TEST(Significance, RefusesWhatCannotBeCompared) {
  expect_error([] { (void)bootstrap_interval({}); }, Fault::InvalidArgument, "no ranks to resample");
  expect_error([] { (void)bootstrap_interval({1}, 1); }, Fault::InvalidArgument, "the level is 1.0");
  expect_error([] { (void)compare_paired({1}, {1, 2}); }, Fault::Mismatch, "1 queries are compared with 2");
  expect_error([] { (void)compare_paired({}, {}); }, Fault::InvalidArgument, "no ranks to compare");
}

}  // namespace
}  // namespace tvr
