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
/// differences between two systems do as well. A system can be trained several times: a training is as good
/// on all videos as chance makes it, by `of_training` standard deviations.
struct Simulation {
  static constexpr double kCandidates = 1000;
  std::size_t videos, captions;
  double of_training = 0;

  [[nodiscard]] RanksOfVideos ranks(std::uint64_t world, std::uint64_t system,
                                    std::uint64_t training = 0) const {
    const CounterRandom of_video(world, RandomUse::Weights, 1),
        of_system(world, RandomUse::Weights, 2 + system),
        of_caption(world, RandomUse::ClipOrder, system + 1000 * training);
    const double luck =
        of_training * normal(CounterRandom(world, RandomUse::Weights, 1000 + system), training);
    RanksOfVideos result;
    for (std::size_t v = 0; v < videos; ++v) {
      const double video = normal(of_video, v) + normal(of_system, v) + luck;
      for (std::size_t c = 0; c < captions; ++c) {
        const double score = video + normal(of_caption, v * captions + c);
        result.ranks.push_back(std::ceil(kCandidates / (1 + std::exp(4 - 1.5 * score))));
        result.video_of.push_back(static_cast<std::int32_t>(v));
      }
    }
    return result;
  }

  /// Trainings `first`, `first` + 1, ...
  [[nodiscard]] std::vector<RanksOfVideos> trainings(std::uint64_t world, std::uint64_t system,
                                                     std::size_t count, std::uint64_t first = 0) const {
    std::vector<RanksOfVideos> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(ranks(world, system, first + i));
    return all;
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

std::vector<RetrievalMetrics> metrics_of(const std::vector<RanksOfVideos>& trainings) {
  std::vector<RetrievalMetrics> metrics;
  for (const RanksOfVideos& training : trainings) metrics.push_back(summarize(training.ranks));
  return metrics;
}

std::vector<bool> below_5_percent(const RetrievalMetrics& p_values) {
  std::vector<bool> significant;
  for (const double p : p_values.values) significant.push_back(p < 0.05);
  return significant;
}

/// Numbers of trainings of two systems, and of captions per video.
struct Trainings {
  std::size_t a, b, captions;
};
constexpr Trainings kTrainings[] = {{3, 3, 1}, {3, 5, 4}};

TEST(ComparePaired, OfSeveralTrainingsGivesAFalseAlarmAboutAsOftenAsItsLevelSays) {
  for (const auto& [a, b, captions] : kTrainings) {
    const Simulation simulation{captions == 1 ? std::size_t{300} : std::size_t{120}, captions};
    const std::vector<double> alarms = percentage_of_worlds([&, count_a = a, count_b = b](auto world) {
      return below_5_percent(compare_paired(simulation.trainings(world, 0, count_a),
                                            simulation.trainings(world, 1, count_b), kResamples, world)
                                 .p_value);
    });
    for (std::size_t m = 0; m < alarms.size(); ++m) {
      EXPECT_GE(alarms[m], 3) << retrieval_metrics()[m].name << ", " << a << " and " << b << " trainings";
      EXPECT_LE(alarms[m], 8) << retrieval_metrics()[m].name << ", " << a << " and " << b << " trainings";
    }
  }
}

TEST(WelchPValues, GiveAFalseAlarmAboutAsOftenAsTheirLevelSays) {
  for (const auto& [a, b, captions] : kTrainings) {
    const Simulation simulation{captions == 1 ? std::size_t{300} : std::size_t{120}, captions, 0.3};
    const std::vector<double> alarms = percentage_of_worlds([&, count_a = a, count_b = b](auto world) {
      return below_5_percent(welch_p_values(metrics_of(simulation.trainings(world, 0, count_a)),
                                            metrics_of(simulation.trainings(world, 0, count_b, count_a))));
    });
    for (std::size_t m = 0; m < alarms.size(); ++m) {
      EXPECT_GE(alarms[m], 3) << retrieval_metrics()[m].name << ", " << a << " and " << b << " trainings";
      EXPECT_LE(alarms[m], 8) << retrieval_metrics()[m].name << ", " << a << " and " << b << " trainings";
    }
  }
}

TEST(WelchPValues, AreNeededBecauseTheVideosSayNothingAboutTheSeeds) {
  const Simulation simulation{300, 1, 0.3};  // two systems alike, whose trainings are not
  int by_video = 0, by_both = 0;
  for (std::uint64_t world = 0; world < 200; ++world) {
    const auto a = simulation.trainings(world, 0, 3), b = simulation.trainings(world, 1, 3);
    const bool videos = compare_paired(a, b, kResamples, world).p_value["R@10"] < 0.05;
    by_video += videos;
    by_both += videos && welch_p_values(metrics_of(a), metrics_of(b))["R@10"] < 0.05;
  }
  EXPECT_GT(by_video, 40) << "of 200";
  EXPECT_LE(by_both, 16) << "of 200";
}

RetrievalMetrics metrics(double recall) {
  RetrievalMetrics metrics;
  metrics["R@1"] = recall;
  return metrics;
}

/// The regularised incomplete beta function I(n/2, 1/2; n/(n + t^2)) by mpmath, for Welch's t and n.
TEST(WelchPValues, EqualTheTailOfStudentsT) {
  const std::vector<RetrievalMetrics> a = {metrics(30), metrics(32), metrics(37)},
                                      b = {metrics(36), metrics(38), metrics(39), metrics(43)};
  EXPECT_NEAR(welch_p_values(a, b)["R@1"], 0.08063792545007338, 1e-9);
  EXPECT_NEAR(welch_p_values(b, a)["R@1"], 0.08063792545007338, 1e-9);
}

TEST(WelchPValues, SayNothingWhereNoTrainingDiffers) {
  const std::vector<RetrievalMetrics> same(3, metrics(96.7)), best(3, metrics(100));
  EXPECT_TRUE(std::isnan(welch_p_values(same, best)["R@1"]));
  std::vector<RetrievalMetrics> varied = best;
  varied[1]["R@1"] = 99;
  EXPECT_LT(welch_p_values(same, varied)["R@1"], 0.05) << "one deviation is enough";
}

TEST(Spread, HasTheSampleStandardDeviation) {
  const Spread spread = spread_of({metrics(30), metrics(32), metrics(37)});
  EXPECT_DOUBLE_EQ(spread.mean["R@1"], 33);
  EXPECT_DOUBLE_EQ(spread.deviation["R@1"], std::sqrt(13.0));
  EXPECT_EQ(spread_of({metrics(30)}).deviation["R@1"], 0);
}

TEST(ComparePaired, OfSeveralTrainingsComparesTheirMeans) {
  const RanksOfVideos a{ranks(200, 0.3, 1), {}}, b{ranks(200, 0.5, 2), {}}, c{ranks(200, 0.6, 3), {}};
  const PairedComparison once = compare_paired(a, b);
  const PairedComparison again = compare_paired({a, a}, {b, b});
  EXPECT_EQ(again.p_value.values, once.p_value.values) << "a training more that is the same says no more";
  EXPECT_DOUBLE_EQ(compare_paired({a}, {b, c}).difference["R@1"],
                   (once.difference["R@1"] + compare_paired(a, c).difference["R@1"]) / 2);
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
  expect_error([&] { (void)compare_paired({one, one}, {one, two}); }, Fault::Mismatch, "compared with 2");
  expect_error([&] { (void)compare_paired(std::vector<RanksOfVideos>(), {one}); }, Fault::InvalidArgument,
               "no ranks to compare");
  expect_error(
      [&] {
        (void)welch_p_values({metrics(1)}, {metrics(1), metrics(2)});
      },
      Fault::InvalidArgument, "one training");
  expect_error([&] { (void)spread_of({}); }, Fault::InvalidArgument, "no trainings");
}

}  // namespace
}  // namespace tvr
