#include "model/distributed/shared_state.h"

#include <algorithm>
#include <utility>

#include "model/distributed/share.h"

namespace tvr {
namespace {

constexpr auto kBytes = static_cast<std::int64_t>(sizeof(float));

struct Counters {
  double loss_sum = 0, best_score = 0;
  std::int64_t step = 0, adam_step = 0;
  int epoch = 0, best_epoch = 0;
  AdamScalar log_scale;
};

void share_counters(TrainState& state, Collective& group) {
  Counters counters{state.loss_sum, state.best_score, state.step,     state.adam.step,
                    state.epoch,    state.best_epoch, state.log_scale};
  group.broadcast(&counters, sizeof counters);
  state.loss_sum = counters.loss_sum;
  state.best_score = counters.best_score;
  state.step = counters.step;
  state.adam.step = counters.adam_step;
  state.epoch = counters.epoch;
  state.best_epoch = counters.best_epoch;
  state.log_scale = counters.log_scale;
}

void broadcast(Linear& layer, Collective& group) {
  group.broadcast(layer.weight.data(), layer.weight.rows() * layer.weight.cols() * kBytes);
  group.broadcast(layer.bias.data(), layer.weight.rows() * kBytes);
}

Matrix rows_of(const Matrix& weight, Share share) {
  Matrix rows(share.count(), weight.cols());
  std::copy(weight.row(share.first), weight.row(share.past), rows.data());
  return rows;
}

}  // namespace

void share_out(TrainState& state, const EmbeddingShape& shape, Collective& group) {
  if (group.size() == 1) return;
  const bool first = group.rank() == 0;
  share_counters(state, group);
  if (!first) state.weights = zero_parameters(shape);
  for (Linear& layer : state.weights) broadcast(layer, group);
  const Share mine = share_of(shape.embd_dim, group);
  for (Parameters* const moments : {&state.adam.mean, &state.adam.variance}) {
    for (std::size_t l = 0; l < kLayers; ++l) {  // one layer as a whole at a time
      Linear& layer = (*moments)[l];
      if (!first) layer = {Matrix(shape.embd_dim, state.weights[l].weight.cols()), state.weights[l].bias};
      broadcast(layer, group);
      layer.weight = rows_of(layer.weight, mine);
    }
  }
}

Parameters gather_moments(const Parameters& mine, const EmbeddingShape& shape, Collective& group) {
  Parameters whole;
  for (std::size_t l = 0; l < kLayers; ++l) {
    Matrix weight = gather_rows(group, mine[l].weight, shape.embd_dim);
    if (group.rank() == 0) whole[l] = {std::move(weight), mine[l].bias};
  }
  return whole;
}

}  // namespace tvr
