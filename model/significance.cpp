#include "model/significance.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

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

}  // namespace

MetricsInterval bootstrap_interval(const std::vector<double>& ranks, double level, int resamples,
                                   std::uint64_t seed, const MetricTable& table) {
  require(!ranks.empty() && resamples > 0, Fault::InvalidArgument, "there are no ranks to resample");
  require(level > 0 && level < 1, Fault::InvalidArgument, "the level is " + std::to_string(level));
  const auto samples = for_each_sample(resamples, [&](std::uint64_t s) {
    const CounterRandom random(seed, RandomUse::Bootstrap, s);
    std::vector<double> drawn(ranks.size());
    for (std::size_t i = 0; i < drawn.size(); ++i) drawn[i] = ranks[random.below(ranks.size(), i)];
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
  interval.low.queries = interval.high.queries = static_cast<std::int64_t>(ranks.size());
  return interval;
}

PairedComparison compare_paired(const std::vector<double>& ranks_a, const std::vector<double>& ranks_b,
                                int resamples, std::uint64_t seed, const MetricTable& table) {
  require(ranks_a.size() == ranks_b.size(), Fault::Mismatch,
          std::to_string(ranks_a.size()) + " queries are compared with " + std::to_string(ranks_b.size()));
  require(!ranks_a.empty() && resamples > 0, Fault::InvalidArgument, "there are no ranks to compare");
  PairedComparison result{difference_of(summarize(ranks_a, table), summarize(ranks_b, table)),
                          RetrievalMetrics(table)};
  const auto samples = for_each_sample(resamples, [&](std::uint64_t s) {
    const CounterRandom random(seed, RandomUse::Bootstrap, s);
    std::vector<double> a = ranks_a, b = ranks_b;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (random.below(2, i) == 1) std::swap(a[i], b[i]);
    }
    return difference_of(summarize(std::move(a), table), summarize(std::move(b), table));
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
