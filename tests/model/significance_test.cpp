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
  const MetricsInterval interval = bootstrap_interval({ranks(1000, 0.3, 1), {}});
  const double half = 1.96 * 100 * std::sqrt(0.3 * 0.7 / 1000);
  EXPECT_NEAR((interval.high["R@1"] - interval.low["R@1"]) / 2, half, 0.15 * half);
}

TEST(BootstrapInterval, HoldsTheTruthAboutAsOftenAsItSays) {
  int holds = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const MetricsInterval interval = bootstrap_interval({ranks(300, 0.3, seed), {}}, 0.95, 300, seed);
    holds += interval.low["R@1"] <= 30 && 30 <= interval.high["R@1"] ? 1 : 0;
  }
  EXPECT_GE(holds, 180);
  EXPECT_LE(holds, 199);
}

TEST(BootstrapInterval, HoldsEveryMetricAndKeepsEqualRanksEqual) {
  const MetricsInterval interval = bootstrap_interval({std::vector<double>(30, 7), {}});
  EXPECT_EQ(interval.low["R@5"], 0);
  EXPECT_EQ(interval.high["R@10"], 100);
  EXPECT_EQ(interval.low["MedR"], 7);
  EXPECT_EQ(interval.high["MeanR"], 7);
  EXPECT_EQ(interval.high.queries, 30);
}

/// Ranks among `kCandidates` of `captions` captions for each of `videos` videos. A video has a difficulty of
/// its own, and one more for the system that ranks: so the captions of a video go together, and the
/// differences between two systems do as well.
struct Simulation {
  static constexpr double kCandidates = 1000;
  std::size_t videos, captions;

  [[nodiscard]] RanksOfVideos ranks(std::uint64_t world, std::uint64_t system) const {
    const CounterRandom of_video(world, RandomUse::Weights, 1),
        of_system(world, RandomUse::Weights, 2 + system), of_caption(world, RandomUse::ClipOrder, system);
    RanksOfVideos result;
    for (std::size_t v = 0; v < videos; ++v) {
      const double video = normal(of_video, v) + normal(of_system, v);
      for (std::size_t c = 0; c < captions; ++c) {
        const double score = video + normal(of_caption, v * captions + c);
        result.ranks.push_back(std::ceil(kCandidates / (1 + std::exp(4 - 1.5 * score))));
        result.video_of.push_back(static_cast<std::int32_t>(v));
      }
    }
    return result;
  }

 private:
  static double normal(const CounterRandom& random, std::uint64_t index) {
    double sum = -6;  // of twelve uniform numbers
    for (std::uint64_t i = 0; i < 12; ++i) sum += static_cast<double>(random.uniform(12 * index + i));
    return sum;
  }
};

constexpr int kWorlds = 400, kResamples = 200;

/// The percentage of `kWorlds` in which `holds(world)[m]`, for each metric m.
template <class Holds>
std::vector<double> percentage_of_worlds(const Holds& holds) {
  std::vector<double> percentage(retrieval_metrics().size(), 0.0);
  for (std::uint64_t world = 0; world < kWorlds; ++world) {
    const std::vector<bool> held = holds(world);
    for (std::size_t m = 0; m < held.size(); ++m) percentage[m] += held[m] ? 100.0 / kWorlds : 0;
  }
  return percentage;
}

TEST(BootstrapInterval, CoversTheTruthOfEveryMetricWithOneAndWithTwentyCaptionsPerVideo) {
  for (const std::size_t captions : {std::size_t{1}, std::size_t{20}}) {
    const Simulation simulation{captions == 1 ? std::size_t{300} : std::size_t{120}, captions};
    const RetrievalMetrics truth = summarize(Simulation{100'000, 1}.ranks(77, 0).ranks);
    const std::vector<double> covered = percentage_of_worlds([&](std::uint64_t world) {
      const MetricsInterval interval =
          bootstrap_interval(simulation.ranks(1000 + world, 0), 0.95, kResamples, world);
      std::vector<bool> holds;
      for (std::size_t m = 0; m < truth.values.size(); ++m) {
        holds.push_back(interval.low.values[m] <= truth.values[m] &&
                        truth.values[m] <= interval.high.values[m]);
      }
      return holds;
    });
    for (std::size_t m = 0; m < covered.size(); ++m) {
      EXPECT_GE(covered[m], 90) << retrieval_metrics()[m].name << ", " << captions << " captions per video";
      EXPECT_LE(covered[m], 97) << retrieval_metrics()[m].name << ", " << captions << " captions per video";
    }
  }
}

TEST(ComparePaired, GivesAFalseAlarmAboutAsOftenAsItsLevelSays) {
  for (const std::size_t captions : {std::size_t{1}, std::size_t{20}}) {
    const Simulation simulation{captions == 1 ? std::size_t{300} : std::size_t{120}, captions};
    const std::vector<double> alarms = percentage_of_worlds([&](std::uint64_t world) {
      const PairedComparison comparison =
          compare_paired(simulation.ranks(world, 0), simulation.ranks(world, 1), kResamples, world);
      std::vector<bool> significant;
      for (const double p : comparison.p_value.values) significant.push_back(p < 0.05);
      return significant;
    });
    for (std::size_t m = 0; m < alarms.size(); ++m) {
      EXPECT_GE(alarms[m], 3) << retrieval_metrics()[m].name << ", " << captions << " captions per video";
      EXPECT_LE(alarms[m], 8) << retrieval_metrics()[m].name << ", " << captions << " captions per video";
    }
  }
}

TEST(ComparePaired, FindsNoDifferenceBetweenEqualRanks) {
  const RanksOfVideos same{ranks(50, 0.5, 3), {}};
  EXPECT_EQ(compare_paired(same, same).p_value["R@1"], 1);
}

TEST(ComparePaired, CountsTheCaptionsOfAVideoAsOne) {
  RanksOfVideos a{ranks(200, 0.3, 1), {}}, b{ranks(200, 0.5, 2), {}};
  const double alone = compare_paired(a, b).p_value["R@1"];
  for (std::int32_t i = 0; i < 200; ++i) a.video_of.push_back(i);
  b.video_of = a.video_of;
  EXPECT_EQ(compare_paired(a, b).p_value["R@1"], alone) << "a video per query is the same as none given";
  for (std::int32_t& video : a.video_of) video /= 50;
  b.video_of = a.video_of;
  EXPECT_NEAR(compare_paired(a, b).p_value["R@1"], 2.0 / 16, 0.03)
      << "four videos have 16 equally likely swaps";
}

TEST(ComparePaired, FindsADifferenceThatIsThere) {
  const PairedComparison comparison = compare_paired({ranks(400, 0.3, 1), {}}, {ranks(400, 0.5, 2), {}});
  EXPECT_GT(comparison.difference["R@1"], 10);
  EXPECT_LT(comparison.p_value["R@1"], 0.01);
}

TEST(Significance, RefusesWhatCannotBeCompared) {
  const RanksOfVideos none, one{{1}, {}}, two{{1, 2}, {0, 1}}, other{{1, 2}, {0, 2}}, odd{{1, 2}, {0}};
  expect_error([&] { (void)bootstrap_interval(none); }, Fault::InvalidArgument, "no ranks to resample");
  expect_error([&] { (void)bootstrap_interval(one, 1); }, Fault::InvalidArgument, "the level is 1.0");
  expect_error([&] { (void)bootstrap_interval(odd); }, Fault::Mismatch, "2 ranks are of 1 videos");
  expect_error([&] { (void)compare_paired(one, two); }, Fault::Mismatch, "1 queries are compared with 2");
  expect_error([&] { (void)compare_paired(two, other); }, Fault::Mismatch, "different videos");
  expect_error([&] { (void)compare_paired(none, none); }, Fault::InvalidArgument, "no ranks to compare");
}

}  // namespace
}  // namespace tvr
