#pragma once

#include <memory>
#include <vector>

#include "data/matrix.h"
#include "model/pair_source.h"
#include "model/pairs.h"
#include "model/train_options.h"
#include "model/train_state.h"

namespace tvr {

/// Training steps with weights, moments, features and word vectors resident on one device. The batches of an
/// epoch are sent as one copy of indices; a step then reads nothing from the host. On a GPU a step is one
/// CUDA graph, in which both towers run concurrently, with a fused Adam kernel that reads and writes weights
/// and moments once and stores no gradient. The arithmetic is that of training_step; sums are computed in
/// another order, so results equal those of the CPU within rounding, not bitwise.
class DeviceTraining {
 public:
  /// gpu: its index; below 0: the CPU, for comparison. Copies the features of all clips of `source` to the
  /// device, in blocks. `validation` may be empty. Keeps a reference to `options` only. Throws
  /// Error(Unsupported) without that GPU, Error(Limit) when it has too little memory.
  DeviceTraining(const TrainState& state, const PairSource& source, const PairData& validation,
                 const Matrix& vectors, const TrainOptions& options, int gpu);
  ~DeviceTraining();

  /// The batches that step() will go through, with a learning rate each; the first is step number `first`
  /// since training began, which determines its dropout.
  void begin(const std::vector<StepPairs>& batches, const std::vector<double>& rates, std::uint64_t first);
  void step();
  /// The sum of the losses since begin(); synchronises with the device.
  [[nodiscard]] double loss_sum() const;
  /// text_to_video_ranks() of the validation captions with the current weights, ties averaged; synchronises
  /// with the device. Unlike on the CPU, equal vectors need not have bitwise equal similarities there: clips
  /// with the same features may rank above each other instead of being tied. Throws Error(Corrupt) for a NaN.
  [[nodiscard]] std::vector<double> validation_ranks() const;
  /// Saves the current weights as the best ones, in a copy on the device.
  void keep_best();
  /// Copies weights, moments and temperature to the host; the best weights only when they are newer than
  /// their last copy.
  void copy_to(TrainState& state);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
