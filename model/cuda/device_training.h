#pragma once

#include <memory>
#include <vector>

#include "data/matrix.h"
#include "model/batches.h"
#include "model/pairs.h"
#include "model/train_state.h"
#include "model/trainer.h"

namespace tvr {

/// Training steps where weights, moments, features and word vectors stay on one device. An epoch's batches go
/// there in one copy of indices; a step then reads nothing from the host. On a GPU a step is one CUDA graph,
/// with an Adam kernel that passes once over memory. The arithmetic is training_step's; sums are made in
/// another order, so a training by it equals one on the CPU within rounding, not to the bit.
class DeviceTraining {
 public:
  /// gpu: its number; below 0: the CPU, for comparison. Keeps references to `pairs` and `options` only.
  /// Throws Error(Unsupported) without that GPU, Error(Limit) when it has too little memory.
  DeviceTraining(const TrainState& state, const PairData& pairs, const Matrix& vectors,
                 const TrainOptions& options, int gpu);
  ~DeviceTraining();

  /// What step() will go through: a batch and a learning rate each.
  void begin(const std::vector<PairBatch>& batches, const std::vector<double>& rates);
  void step();
  /// The sum of the losses since begin(); waits for the device.
  [[nodiscard]] double loss_sum() const;
  /// Copies weights, moments and temperature to the host.
  void copy_to(TrainState& state) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
