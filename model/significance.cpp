#include "model/significance.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/error.h"
#include "model/parallel.h"
#include "model/random.h"

namespace tvr {
namespace {

void require(bool holds, Fault fault, const std::string& seen) {
  if (!holds) throw Error(fault, "comparison", seen);
}

RetrievalMetrics difference_of(const RetrievalMetrics& a, const RetrievalMetrics& b) {
  RetrievalMetrics difference(a.table());
  for (std::size_t m = 0; m < a.values.size(); ++m) difference.values[m] = b.values[m] - a.values[m];
  difference.queries = a.queries;
  return difference;
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
  require(a.ranks.size() == b.ranks.size(), Fault::Mismatch,
          std::to_string(a.ranks.size()) + " queries are compared with " + std::to_string(b.ranks.size()));
  require(a.video_of == b.video_of, Fault::Mismatch, "the queries are of different videos");
  require(!a.ranks.empty() && resamples > 0, Fault::InvalidArgument, "there are no ranks to compare");
  PairedComparison result{difference_of(summarize(a.ranks, table), summarize(b.ranks, table)),
                          RetrievalMetrics(table)};
  const std::vector<std::vector<std::size_t>> videos = queries_of_videos(a);
  const auto samples = for_each_sample(resamples, [&](std::uint64_t s) {
    const CounterRandom random(seed, RandomUse::Bootstrap, s);
    std::vector<double> swapped_a = a.ranks, swapped_b = b.ranks;
    for (std::size_t v = 0; v < videos.size(); ++v) {
      if (random.below(2, v) == 0) continue;
      for (const std::size_t query : videos[v]) std::swap(swapped_a[query], swapped_b[query]);
    }
    return difference_of(summarize(std::move(swapped_a), table), summarize(std::move(swapped_b), table));
  });
  for (std::size_t m = 0; m < table.size(); ++m) {
    constexpr double kRounding = 1e-9;  // of a mean of the same numbers summed in another order
    const double seen = std::abs(result.difference.values[m]) - kRounding;
    const auto as_large = std::count_if(samples.begin(), samples.end(), [&](const RetrievalMetrics& sample) {
      return std::abs(sample.values[m]) >= seen;
    });
    result.p_value.values[m] = (1.0 + static_cast<double>(as_large)) / (1.0 + resamples);
  }
  result.p_value.queries = result.difference.queries;
  return result;
}

}  // namespace tvr
