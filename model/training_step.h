#pragma once

#include "model/batches.h"
#include "model/parameters.h"
#include "model/towers.h"
#include "model/trainer.h"

namespace tvr {

struct StepResult {
  double loss = 0;
  double d_log_scale = 0;  // of the InfoNCE loss
  Gradients gradients;
};

/// Forward and backward of one batch, by the options' loss.
[[nodiscard]] StepResult loss_and_gradients(const Parameters& parameters, double log_scale,
                                            const PairData& pairs, const Matrix& vectors,
                                            const PairBatch& batch, const TrainOptions& options);

}  // namespace tvr
