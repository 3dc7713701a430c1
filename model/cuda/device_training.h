#pragma once

#include <memory>
#include <vector>

#include "data/matrix.h"
#include "model/pair_source.h"
#include "model/pairs.h"
#include "model/train_state.h"
#include "model/trainer.h"

namespace tvr {

/// Training steps where weights, moments, features and word vectors stay on one device. An epoch's batches go
/// there in one copy of indices; a step then reads nothing from the host. On a GPU a step is one CUDA graph,
/// in which both towers go on beside each other, with an Adam kernel that passes once over weights and
/// moments and holds no gradient in memory. The arithmetic is training_step's; sums are made in another
/// order, so a training by it equals one on the CPU within rounding, not to the bit.
class DeviceTraining {
 public:
  /// gpu: its number; below 0: the CPU, for comparison. Copies the features of all clips of `source` to the
  /// device, some at a time. `validation` may be empty. Keeps a reference to `options` only. Throws
  /// Error(Unsupported) without that GPU, Error(Limit) when it has too little memory.
  DeviceTraining(const TrainState& state, const PairSource& source, const PairData& validation,
                 const Matrix& vectors, const TrainOptions& options, int gpu);
  ~DeviceTraining();

  /// What step() will go through: a batch and a learning rate each.
  void begin(const std::vector<StepPairs>& batches, const std::vector<double>& rates);
  void step();
  /// The sum of the losses since begin(); waits for the device.
  [[nodiscard]] double loss_sum() const;
  /// text_to_video_ranks() of the validation's captions, ties averaged, by the weights of now; waits for the
  /// device. There, unlike on the CPU, equal vectors need not have equal similarities to the bit: clips with
  /// the same features may stand above each other instead of beside. Throws Error(Corrupt) for a NaN.
  [[nodiscard]] std::vector<double> validation_ranks() const;
  /// Makes the weights of now the best ones, in a copy on the device.
  void keep_best();
  /// Copies weights, moments and temperature to the host; the best weights when they are newer than the last
  /// copy of them.
  void copy_to(TrainState& state);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
