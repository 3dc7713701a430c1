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

/// The training loss.
enum class RankingLoss {
  MaxMargin,  // the reference's
  Nce,        // symmetric InfoNCE with a learned temperature (Radford et al.: CLIP, ICML 2021)
};

/// Training options; the defaults are the reference's (antoine77340/howto100m, MSR-VTT from scratch). Name,
/// range and help text of each option are in its row of model/train_fields.h, without which it does not
/// compile.
struct TrainOptions {
  int epochs = 100;
  int batch_size = 32;  // clips, each with one random caption; the last incomplete batch is dropped
  std::int64_t embd_dim = 4096;
  int max_words = 20;
  double lr = 1e-4;
  double lr_decay = 1.0;
  int lr_decay_epochs = 1;
  bool cosine = false;  // over all steps, in addition to the decay
  RankingLoss loss = RankingLoss::MaxMargin;
  double margin = 0.1;
  double temperature = 0.07;
  int n_pair = 1;  // above 1: captions per video, for `batch_size` videos; they may be of different clips
  bool negative_weighting = false;
  double hard_negative_rate = 0.5;
  double dropout = 0;  // of the features and of the pooled words
  int early_stop = 0;
  std::uint64_t seed = 1;
  int threads = 0;
  int gpu = -1;  // index of the GPU that trains and validates; -1: the CPU. Equal within rounding only
};

/// Checked options and what they identify: made once per training by plan_training() (model/train_fields.h)
/// and not changed after.
struct TrainingPlan {
  TrainOptions options;
  /// The options that the trained weights depend on, as text: equal texts mean equal results.
  std::string result_identity;
  /// The options that a single step depends on: the above without the length of training, unless a cosine
  /// schedule depends on it. A training state is resumed only with an equal one.
  std::string step_identity;
};

/// One line of history.jsonl.
struct EpochReport {
  int epoch = 0;    // from 1
  double loss = 0;  // mean over the epoch's steps
  double lr = 0;
  double seconds = 0;
  std::optional<RetrievalMetrics> val_t2v;  // when there is a validation split
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
/// `on_epoch` is called for every epoch from the first, including those before a resume.
///
/// `initial`: the weights to start from, of the shape that is trained; null: random ones.
///
/// Throws Error(Interrupted) when progress says stop (the state is on disk), Error(Mismatch) for a state of
/// other data or options or initial weights of another shape, Error(Corrupt) for a damaged one or for
/// features that are not finite, Error(InvalidArgument) for a learning rate at which the loss overflows. With
/// more epochs a finished training continues.
[[nodiscard]] TrainResult train(const PairSource& train, const PairData& val, const Matrix& vectors,
                                const TrainingPlan& plan, const std::filesystem::path& state_file,
                                const std::function<void(const EpochReport&)>& on_epoch,
                                const Progress& progress, const NamedTensors* initial = nullptr);

}  // namespace tvr
