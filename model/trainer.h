#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "data/progress.h"
#include "data/tensors/tensor.h"
#include "model/joint_embedding.h"
#include "model/pair_source.h"
#include "model/pairs.h"
#include "model/retrieval_metrics.h"

namespace tvr {

/// What pulls the pairs of a batch together.
enum class RankingLoss {
  MaxMargin,  // the reference's
  Nce,        // symmetric InfoNCE with a learned temperature (Radford et al.: CLIP, ICML 2021)
};

/// How a run trains; the defaults are the reference recipe (antoine77340/howto100m, MSR-VTT from scratch).
/// Name, range and help of each option are its row in model/train_fields.h, without which it does not
/// compile.
struct TrainOptions {
  int epochs = 100;
  int batch_size = 32;  // each clip with one random caption; the last incomplete batch is dropped
  std::int64_t embd_dim = 4096;
  int max_words = 20;
  double lr = 1e-4;
  double lr_decay = 1.0;
  int lr_decay_epochs = 1;
  bool cosine = false;  // over all steps, on top of the decay
  RankingLoss loss = RankingLoss::MaxMargin;
  double margin = 0.1;
  double temperature = 0.07;
  int n_pair = 1;  // above 1: of each of `batch_size` videos, and they may be of several clips
  bool negative_weighting = false;
  double hard_negative_rate = 0.5;
  int early_stop = 0;
  std::uint64_t seed = 1;
  int threads = 0;
  int gpu = -1;  // number of the GPU that trains and validates; -1: the CPU. Equal within rounding only
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

/// Trains on the batches of `train`, measures on `val` (may be empty) after each epoch and keeps the weights
/// of the epoch whose text-to-video R@1 + R@5 + R@10 was highest (the first of equals). `vectors` [V, E] are
/// the word vectors that the captions' ids point to.
///
/// A resumable state lies in `state_file`, written aside, synced and renamed, at any step but so rarely that
/// it costs a twentieth of the time at most (weights, moments and best weights of the full size are 1.1 GB),
/// and when progress says stop. When the file is there, training goes on from it, bit for bit as if it had
/// never stopped (same threads, one machine). It is left behind at the end, so that a caller that was killed
/// before it kept the result need not train again; delete it when the result is kept. `on_epoch` is told of
/// every epoch from the first, those of before a resume again.
///
/// Throws Error(InvalidArgument) for options out of range, Error(Interrupted)
/// when progress says stop (the state is on disk), Error(Mismatch) for a state of other data or options,
/// Error(Corrupt) for a damaged one or for features that are not finite. `options.epochs` may grow: a
/// finished training then goes on.
[[nodiscard]] TrainResult train(const PairSource& train, const PairData& val, const Matrix& vectors,
                                const TrainOptions& options, const std::filesystem::path& state_file,
                                const std::function<void(const EpochReport&)>& on_epoch,
                                const Progress& progress);

}  // namespace tvr
