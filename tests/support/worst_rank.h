#pragma once

#include <vector>

#include "model/retrieval_metrics.h"

namespace tvr::testing {

/// A metric that the program does not have: what is shown of it comes from its row alone.
inline Metric worst_rank() {
  return {"worst",
          "the last rank",
          "",
          Better::Lower,
          true,
          [](const std::vector<double>& ranks) { return ranks.back(); },
          [](double candidates) { return candidates; }};
}

}  // namespace tvr::testing
