#include "model/retrieval_metrics.h"

#include <algorithm>
#include <numeric>

#include "data/error.h"

namespace tvr {

Ties ties_named(const std::string& name) {
  if (name == "average") return Ties::Average;
  if (name == "optimistic") return Ties::Optimistic;
  if (name == "pessimistic") return Ties::Pessimistic;
  if (name == "legacy") return Ties::Legacy;
  throw Error(Fault::InvalidArgument, "ties", "'" + name + "' is not known",
              "Use average, optimistic, pessimistic or legacy");
}

RetrievalMetrics summarize(const std::vector<double>& ranks) {
  RetrievalMetrics metrics;
  metrics.queries = static_cast<std::int64_t>(ranks.size());
  if (ranks.empty()) return metrics;
  const auto recall = [&](double k) {
    const auto found = std::count_if(ranks.begin(), ranks.end(), [k](double rank) { return rank <= k; });
    return 100.0 * static_cast<double>(found) / static_cast<double>(ranks.size());
  };
  metrics.r1 = recall(1);
  metrics.r5 = recall(5);
  metrics.r10 = recall(10);
  metrics.mean_rank = std::accumulate(ranks.begin(), ranks.end(), 0.0) / static_cast<double>(ranks.size());
  std::vector<double> sorted = ranks;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  metrics.median_rank = sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return metrics;
}

}  // namespace tvr
