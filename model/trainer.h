#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "data/progress.h"
#include "data/tensor.h"
#include "model/joint_embedding.h"
#include "model/pairs.h"
#include "model/retrieval_metrics.h"

namespace tvr {

/// The reference recipe (antoine77340/howto100m, MSR-VTT from scratch). All of it changes the result.
struct TrainOptions {
  int epochs = 100;
  int batch_size = 32;  // clips a step, one random caption each; the last incomplete batch is dropped
  std::int64_t embd_dim = 4096;
  int max_words = 20;
  double lr = 1e-4;        // Adam
  double lr_decay = 1.0;   // the rate is multiplied by this after each epoch
  double margin = 0.1;     // of the max-margin ranking loss
  std::uint64_t seed = 1;  // initial weights, order, choice of captions
  // Below: speed only.
  int threads = 0;  // 0: all cores
};

/// One line of history.jsonl.
struct EpochReport {
  int epoch = 0;    // from 1
  double loss = 0;  // mean over the epoch's steps
  double lr = 0;
  double seconds = 0;
  std::optional<RetrievalMetrics> val_t2v;  // when a validation part is given
};

/// What training leaves behind: the weights of the best epoch on validation (the last epoch without
/// validation).
struct TrainResult {
  NamedTensors weights;  // the reference's names
  int best_epoch = 0;
};

/// Trains on `train`, measures on `val` (may be empty) after each epoch and keeps the weights of the epoch
/// whose text-to-video R@1 + R@5 + R@10 was highest (the first of equals). `vectors` [V, E] are the word
/// vectors that the captions' ids point to.
///
/// A resumable state lies in `state_file`, written aside, synced and renamed, at any step but so rarely that
/// it costs a twentieth of the time at most (weights, moments and best weights of the full size are 1.1 GB),
/// and when progress says stop. When the file is there, training goes on from it, bit for bit as if it had
/// never stopped (same threads, one machine). It is left behind at the end, so that a caller that was killed
/// before it kept the result need not train again; delete it when the result is kept. `on_epoch` is told of
/// every epoch from the first, those of before a resume again.
///
/// Throws Error(InvalidArgument) for options out of range or data too small for one batch, Error(Interrupted)
/// when progress says stop (the state is on disk), Error(Mismatch) for a state of other data or options,
/// Error(Corrupt) for a damaged one or for features that are not finite. `options.epochs` may grow: a
/// finished training then goes on.
[[nodiscard]] TrainResult train(const PairData& train, const PairData& val, const Matrix& vectors,
                                const TrainOptions& options, const std::filesystem::path& state_file,
                                const std::function<void(const EpochReport&)>& on_epoch,
                                const Progress& progress);

}  // namespace tvr
