#include "model/retrieval_metrics.h"

#include <algorithm>
#include <numeric>

#include "data/error.h"

namespace tvr {
namespace {

template <int K>
double recall(const std::vector<double>& ranks) {
  const auto found = std::upper_bound(ranks.begin(), ranks.end(), static_cast<double>(K)) - ranks.begin();
  return 100.0 * static_cast<double>(found) / static_cast<double>(ranks.size());
}
template <int K>
double recall_by_chance(double candidates) {
  return 100 * std::min(1.0, K / candidates);
}

double median_rank(const std::vector<double>& ranks) {
  const std::size_t middle = ranks.size() / 2;
  return ranks.size() % 2 == 1 ? ranks[middle] : (ranks[middle - 1] + ranks[middle]) / 2;
}
double mean_rank(const std::vector<double>& ranks) {
  return std::accumulate(ranks.begin(), ranks.end(), 0.0) / static_cast<double>(ranks.size());
}
double rank_by_chance(double candidates) { return (candidates + 1) / 2; }

}  // namespace

const MetricTable& retrieval_metrics() {
  static const MetricTable table = {
      {"R@1", "wanted clip found first", "%", Better::Higher, true, recall<1>, recall_by_chance<1>},
      {"R@5", "among the first five", "%", Better::Higher, true, recall<5>, recall_by_chance<5>},
      {"R@10", "among the first ten", "%", Better::Higher, true, recall<10>, recall_by_chance<10>},
      {"MedR", "median rank, 1 is best", "", Better::Lower, true, median_rank, rank_by_chance},
      {"MeanR", "mean rank", "", Better::Lower, false, mean_rank, rank_by_chance},
  };
  return table;
}

std::size_t RetrievalMetrics::index_of(std::string_view name) const {
  for (std::size_t m = 0; m < table_->size(); ++m) {
    if ((*table_)[m].name == name) return m;
  }
  throw Error(Fault::InvalidArgument, "metric", "'" + std::string(name) + "' is not known");
}

RetrievalMetrics summarize(std::vector<double> ranks, const MetricTable& table) {
  RetrievalMetrics metrics(table);
  metrics.queries = static_cast<std::int64_t>(ranks.size());
  if (ranks.empty()) return metrics;
  std::sort(ranks.begin(), ranks.end());
  for (std::size_t m = 0; m < table.size(); ++m) metrics.values[m] = table[m].of(ranks);
  return metrics;
}

RetrievalMetrics chance_among(double candidates, const MetricTable& table) {
  RetrievalMetrics chance(table);
  for (std::size_t m = 0; m < table.size(); ++m) chance.values[m] = table[m].by_chance(candidates);
  return chance;
}

}  // namespace tvr
