#pragma once

#include <filesystem>
#include <functional>

#include "data/progress.h"
#include "data/tensors/tensor.h"
#include "model/distributed/collective.h"
#include "model/epoch_report.h"
#include "model/pair_source.h"
#include "model/pairs.h"
#include "model/parameters.h"
#include "model/train_options.h"

namespace tvr {

/// Who is called while train() works; each may be empty.
struct TrainObserver {
  /// Every epoch from the first, including those before a resume.
  std::function<void(const EpochReport&)> on_epoch;
  /// The weights before the first epoch (0) and after each epoch, before its on_epoch(). Epochs before a
  /// resume are not repeated, except for one whose end was not saved.
  std::function<void(int epoch, const Parameters&)> on_weights;
  Progress progress;  // steps of the current epoch
};

/// The result of training: the weights of the epoch that was best on validation (without validation: the last
/// epoch).
struct TrainResult {
  NamedTensors weights;  // the reference's names
  int best_epoch = 0;
};

/// Trains on the batches of `train`, evaluates on `val` (may be empty) after each epoch and keeps the weights
/// of the epoch with the highest text-to-video R@1 + R@5 + R@10 (the first among equals). `vectors` [V, E]
/// are the word vectors that the captions' ids index.
///
/// The state is saved to `state_file` (a temporary file, synced and renamed), possibly in the middle of an
/// epoch but rarely enough to take at most a twentieth of the time (weights, moments and best weights at full
/// size are 1.1 GB), and when progress says stop. When the file exists, training resumes from it, bit for bit
/// as if it had never stopped (same number of threads, same machine). The file remains at the end, so that a
/// caller killed before it saved the result need not train again; delete it once the result is saved.
/// Where the pairs are on disk, those of the next step are read while a step is computed.
///
/// `initial`: the weights to start from, of the shape that is trained; null: random ones.
///
/// Several processes may train one model: each of the `group` calls train() with the same arguments. A step's
/// pairs are divided among them, its loss is that of all pairs, and the result is bitwise that of one
/// process, whatever their number; so a state may be resumed by another number. Rank 0 alone reads and writes
/// `state_file`, validates, and is who on_epoch and on_weights of `observer` are called by and who has
/// the result's weights; when progress says stop to any process, all stop after the same step. An error
/// of one process leaves the others waiting: whoever catches it must end them.
///
/// Throws Error(Interrupted) when progress says stop (the state is on disk), Error(Unsupported) for pairs on
/// disk, MIL-NCE or several processes on a GPU, Error(Mismatch) for a state of other data or options, initial
/// weights of another shape, or, on rank 0, for processes with other data or another processor's kernels,
/// Error(Corrupt) for a damaged state or for features that are not finite, Error(InvalidArgument) for a
/// learning rate at which the loss overflows. With more epochs a finished training continues.
[[nodiscard]] TrainResult train(const PairSource& train, const PairData& val, const Matrix& vectors,
                                const TrainingPlan& plan, const std::filesystem::path& state_file,
                                const TrainObserver& observer, const NamedTensors* initial = nullptr,
                                Collective& group = alone());

}  // namespace tvr
