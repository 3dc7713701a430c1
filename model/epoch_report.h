#pragma once

#include <optional>

#include "model/retrieval_metrics.h"

namespace tvr {

/// One line of history.jsonl.
struct EpochReport {
  int epoch = 0;    // from 1; 0: before training, of which there is neither loss nor rate (NaN)
  double loss = 0;  // mean over the epoch's steps
  double lr = 0;
  double seconds = 0;
  std::optional<RetrievalMetrics> val_t2v;  // when there is a validation split
};

}  // namespace tvr
