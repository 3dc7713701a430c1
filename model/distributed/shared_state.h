#pragma once

#include "model/distributed/collective.h"
#include "model/embedding_shape.h"
#include "model/train_state.h"

namespace tvr {

// Of a training by several processes each has the weights, the counters, and the moments as AdamState says;
// rank 0 alone has the reports and the best weights.

/// From a state that rank 0 has whole to the processes' own; the others' `state` is overwritten.
void share_out(TrainState& state, const EmbeddingShape& shape, Collective& group);

/// One of the moments as a whole on rank 0; empty elsewhere.
[[nodiscard]] Parameters gather_moments(const Parameters& mine, const EmbeddingShape& shape,
                                        Collective& group);

}  // namespace tvr
