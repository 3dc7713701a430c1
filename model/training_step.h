#pragma once

#include "model/batches.h"
#include "model/parameters.h"
#include "model/towers.h"

namespace tvr {

/// Forward and backward of one batch: the loss, and the gradients of all layers in `gradients`.
[[nodiscard]] double loss_and_gradients(const Parameters& parameters, const PairData& pairs,
                                        const Matrix& vectors, const PairBatch& batch, std::int64_t max_words,
                                        double margin, Gradients& gradients);

}  // namespace tvr
