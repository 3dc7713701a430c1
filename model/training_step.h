#pragma once

#include "data/matrix.h"
#include "model/distributed/collective.h"
#include "model/dropout.h"
#include "model/pair_source.h"
#include "model/parameters.h"
#include "model/towers.h"
#include "model/train_options.h"

namespace tvr {

struct StepResult {
  double loss = 0;
  double d_log_scale = 0;  // InfoNCE only
  Gradients gradients;
};

/// Forward and backward pass of one batch with the loss of the options; `dropout` acts on the features and on
/// the pooled words. `features` [N, Dv] are those of pairs.clips; the captions' ids index `vectors` [V, E].
///
/// Each process of a group has all N pairs, but `features` of its share of pairs.clips alone, for which it
/// computes the towers; the loss is that of the whole batch. The result is bitwise the same for any number of
/// processes, except that the gradient of kTextPooling has only the columns of dy that are this process's
/// share.
[[nodiscard]] StepResult loss_and_gradients(const Parameters& parameters, double log_scale,
                                            const StepPairs& pairs, Matrix features, const Matrix& vectors,
                                            const TrainOptions& options, const Dropout& dropout = {},
                                            Collective& group = alone());

}  // namespace tvr
