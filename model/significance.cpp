#include "model/significance.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "data/error.h"
#include "model/random.h"

namespace tvr {
namespace {

void require(bool holds, Fault fault, const std::string& seen) {
  if (!holds) throw Error(fault, "comparison", seen);
}

}  // namespace

Interval bootstrap_interval(const std::vector<double>& ranks, const Statistic& statistic, double level,
                            int resamples, std::uint64_t seed) {
  require(!ranks.empty() && resamples > 0, Fault::InvalidArgument, "there is nothing to draw from");
  require(level > 0 && level < 1, Fault::InvalidArgument, "the level is " + std::to_string(level));
  std::vector<double> drawn(ranks.size()), values;
  for (int s = 0; s < resamples; ++s) {
    const CounterRandom random(seed, RandomUse::Bootstrap, static_cast<std::uint64_t>(s));
    for (std::size_t i = 0; i < drawn.size(); ++i) drawn[i] = ranks[random.below(ranks.size(), i)];
    values.push_back(statistic(summarize(drawn)));
  }
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double share) {
    return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
  };
  return {quantile((1 - level) / 2), quantile((1 + level) / 2)};
}

PairedComparison compare_paired(const std::vector<double>& ranks_a, const std::vector<double>& ranks_b,
                                const Statistic& statistic, int resamples, std::uint64_t seed) {
  require(ranks_a.size() == ranks_b.size(), Fault::Mismatch,
          std::to_string(ranks_a.size()) + " queries stand against " + std::to_string(ranks_b.size()));
  require(!ranks_a.empty() && resamples > 0, Fault::InvalidArgument, "there is nothing to compare");
  const double difference = statistic(summarize(ranks_b)) - statistic(summarize(ranks_a));
  int as_large = 0;
  for (int s = 0; s < resamples; ++s) {
    const CounterRandom random(seed, RandomUse::Bootstrap, static_cast<std::uint64_t>(s));
    std::vector<double> a = ranks_a, b = ranks_b;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (random.below(2, i) == 1) std::swap(a[i], b[i]);
    }
    constexpr double kRounding = 1e-9;  // means of the same numbers in another order
    if (std::abs(statistic(summarize(b)) - statistic(summarize(a))) >= std::abs(difference) - kRounding)
      ++as_large;
  }
  return {difference, (1.0 + as_large) / (1.0 + resamples)};
}

}  // namespace tvr
