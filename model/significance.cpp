#include "model/significance.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/error.h"
#include "model/parallel.h"
#include "model/random.h"

namespace tvr {
namespace {

constexpr double kRounding = 1e-9;  // of a mean of the same numbers summed in another order

void require(bool holds, Fault fault, const std::string& seen) {
  if (!holds) throw Error(fault, "comparison", seen);
}

RetrievalMetrics difference_of(const RetrievalMetrics& a, const RetrievalMetrics& b) {
  RetrievalMetrics difference(a.table());
  for (std::size_t m = 0; m < a.values.size(); ++m) difference.values[m] = b.values[m] - a.values[m];
  difference.queries = a.queries;
  return difference;
}

RetrievalMetrics mean_over(const std::vector<RetrievalMetrics>& trainings) {
  RetrievalMetrics mean(trainings.front().table());
  mean.queries = trainings.front().queries;
  for (std::size_t m = 0; m < mean.values.size(); ++m) {
    for (const RetrievalMetrics& training : trainings) {
      mean.values[m] += training.values[m] / static_cast<double>(trainings.size());
    }
  }
  return mean;
}

/// make(s) for each s in [0, count), in parallel.
template <class Make>
std::vector<RetrievalMetrics> for_each_sample(int count, const Make& make) {
  std::vector<RetrievalMetrics> samples(static_cast<std::size_t>(count));
  parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t s = begin; s < end; ++s)
      samples[static_cast<std::size_t>(s)] = make(static_cast<std::uint64_t>(s));
  });
  return samples;
}

/// The queries of each video, by index.
std::vector<std::vector<std::size_t>> queries_of_videos(const RanksOfVideos& ranks) {
  const std::size_t count = ranks.ranks.size();
  require(ranks.video_of.empty() || ranks.video_of.size() == count, Fault::Mismatch,
          std::to_string(count) + " ranks are of " + std::to_string(ranks.video_of.size()) + " videos");
  std::vector<std::vector<std::size_t>> videos;
  std::unordered_map<std::int32_t, std::size_t> index_of;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t video =
        ranks.video_of.empty() ? i : index_of.emplace(ranks.video_of[i], videos.size()).first->second;
    if (video == videos.size()) videos.emplace_back();
    videos[video].push_back(i);
  }
  return videos;
}

}  // namespace

MetricsInterval bootstrap_interval(const RanksOfVideos& ranks, double level, int resamples,
                                   std::uint64_t seed, const MetricTable& table) {
  require(!ranks.ranks.empty() && resamples > 0, Fault::InvalidArgument, "there are no ranks to resample");
  require(level > 0 && level < 1, Fault::InvalidArgument, "the level is " + std::to_string(level));
  const std::vector<std::vector<std::size_t>> videos = queries_of_videos(ranks);
  const auto samples = for_each_sample(resamples, [&](std::uint64_t s) {
    const CounterRandom random(seed, RandomUse::Bootstrap, s);
    std::vector<double> drawn;
    drawn.reserve(ranks.ranks.size());
    for (std::size_t v = 0; v < videos.size(); ++v) {
      for (const std::size_t query : videos[random.below(videos.size(), v)]) {
        drawn.push_back(ranks.ranks[query]);
      }
    }
    return summarize(std::move(drawn), table);
  });
  MetricsInterval interval{RetrievalMetrics(table), RetrievalMetrics(table)};
  for (std::size_t m = 0; m < table.size(); ++m) {
    std::vector<double> values;
    for (const RetrievalMetrics& sample : samples) values.push_back(sample.values[m]);
    std::sort(values.begin(), values.end());
    const auto quantile = [&](double share) {
      return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
    };
    interval.low.values[m] = quantile((1 - level) / 2);
    interval.high.values[m] = quantile((1 + level) / 2);
  }
  interval.low.queries = interval.high.queries = static_cast<std::int64_t>(ranks.ranks.size());
  return interval;
}

PairedComparison compare_paired(const RanksOfVideos& a, const RanksOfVideos& b, int resamples,
                                std::uint64_t seed, const MetricTable& table) {
  return compare_paired(std::vector<RanksOfVideos>{a}, std::vector<RanksOfVideos>{b}, resamples, seed, table);
}

PairedComparison compare_paired(const std::vector<RanksOfVideos>& a, const std::vector<RanksOfVideos>& b,
                                int resamples, std::uint64_t seed, const MetricTable& table) {
  require(!a.empty() && !b.empty() && resamples > 0, Fault::InvalidArgument, "there are no ranks to compare");
  const RanksOfVideos& first = a.front();
  for (const auto* system : {&a, &b}) {
    for (const RanksOfVideos& training : *system) {
      require(training.ranks.size() == first.ranks.size(), Fault::Mismatch,
              std::to_string(first.ranks.size()) + " queries are compared with " +
                  std::to_string(training.ranks.size()));
      require(training.video_of == first.video_of, Fault::Mismatch, "the queries are of different videos");
    }
  }
  require(!first.ranks.empty(), Fault::InvalidArgument, "there are no ranks to compare");
  const std::vector<std::vector<std::size_t>> videos = queries_of_videos(first);
  // The mean metrics of `own`, with the ranks of `other` for the videos v where swapped(v).
  const auto mean_of = [&](const std::vector<RanksOfVideos>& own, const std::vector<RanksOfVideos>& other,
                           const auto& swapped) {
    std::vector<RetrievalMetrics> trainings;
    for (std::size_t i = 0; i < own.size(); ++i) {
      std::vector<double> ranks = own[i].ranks;
      for (std::size_t v = 0; v < videos.size(); ++v) {
        if (!swapped(v)) continue;
        for (const std::size_t query : videos[v]) ranks[query] = other[i % other.size()].ranks[query];
      }
      trainings.push_back(summarize(std::move(ranks), table));
    }
    return mean_over(trainings);
  };
  const auto difference = [&](const auto& swapped) {
    return difference_of(mean_of(a, b, swapped), mean_of(b, a, swapped));
  };
  PairedComparison result{difference([](std::size_t) { return false; }), RetrievalMetrics(table)};
  const auto samples = for_each_sample(resamples, [&](std::uint64_t s) {
    const CounterRandom random(seed, RandomUse::Bootstrap, s);
    return difference([&](std::size_t v) { return random.below(2, v) != 0; });
  });
  for (std::size_t m = 0; m < table.size(); ++m) {
    const double seen = std::abs(result.difference.values[m]) - kRounding;
    const auto as_large = std::count_if(samples.begin(), samples.end(), [&](const RetrievalMetrics& sample) {
      return std::abs(sample.values[m]) >= seen;
    });
    result.p_value.values[m] = (1.0 + static_cast<double>(as_large)) / (1.0 + resamples);
  }
  result.p_value.queries = result.difference.queries;
  return result;
}

Spread spread_of(const std::vector<RetrievalMetrics>& trainings) {
  require(!trainings.empty(), Fault::InvalidArgument, "there are no trainings");
  Spread spread{mean_over(trainings), RetrievalMetrics(trainings.front().table())};
  const auto count = static_cast<double>(trainings.size());
  for (std::size_t m = 0; m < spread.mean.values.size(); ++m) {
    double squares = 0;
    for (const RetrievalMetrics& training : trainings) {
      squares += std::pow(training.values[m] - spread.mean.values[m], 2);
    }
    spread.deviation.values[m] = trainings.size() > 1 ? std::sqrt(squares / (count - 1)) : 0;
  }
  return spread;
}

RetrievalMetrics welch_p_values(const std::vector<RetrievalMetrics>& a,
                                const std::vector<RetrievalMetrics>& b) {
  require(a.size() > 1 && b.size() > 1, Fault::InvalidArgument, "one training has no deviation");
  const Spread of_a = spread_of(a), of_b = spread_of(b);
  const auto count_a = static_cast<double>(a.size()), count_b = static_cast<double>(b.size());
  RetrievalMetrics p_values = difference_of(of_a.mean, of_b.mean);
  for (std::size_t m = 0; m < p_values.values.size(); ++m) {
    const double deviation_a = of_a.deviation.values[m], deviation_b = of_b.deviation.values[m];
    double& value = p_values.values[m];
    if (deviation_a < kRounding && deviation_b < kRounding) {
      value = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    const double error_a = deviation_a * deviation_a / count_a, error_b = deviation_b * deviation_b / count_b;
    const double error = error_a + error_b;
    const double freedom =
        error * error / (error_a * error_a / (count_a - 1) + error_b * error_b / (count_b - 1));
    value = 2 * cdf(complement(boost::math::students_t(freedom), std::abs(value) / std::sqrt(error)));
  }
  return p_values;
}

}  // namespace tvr
