#pragma once

#include <cstdint>
#include <string>

namespace tvr {

/// The training loss.
enum class RankingLoss {
  MaxMargin,  // the reference's
  Nce,        // symmetric InfoNCE with a learned temperature (Radford et al.: CLIP, ICML 2021)
  MilNce,     // MIL-NCE, the same temperature (Miech et al., CVPR 2020): several candidate captions per clip
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

}  // namespace tvr
