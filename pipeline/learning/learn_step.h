#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/distributed/collective.h"
#include "model/train_options.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"
#include "pipeline/learning/learning_options.h"
#include "pipeline/learning/splits.h"
#include "pipeline/run/run_folder.h"
#include "pipeline/terminal/time_account.h"
#include "text/word_vectors.h"

namespace tvr {

/// The results of learn(), apart from the files in the run's folder.
struct Learned {
  WordTable words;
  Pairs test;
  std::vector<Evaluation> seeds;     // one per seed; the first, of the folder's own checkpoint, alone keeps
                                     // its embeddings. Empty without a test split
  std::optional<Evaluation> linear;  // of the linear baseline, without embeddings
  /// Of the pretrained pair that a head was trained on, without the head and without embeddings.
  std::optional<Evaluation> zero_shot;
  std::string metrics;                // metrics.json; empty without a test split
  std::vector<std::string> findings;  // caveats about the metrics, one sentence each
  bool trained = false;               // false: every checkpoint was up to date
};

/// The model of one seed.
struct ModelPlan {
  std::uint64_t seed = 1;
  std::vector<TrainingPlan> networks;  // one checked training each
  std::filesystem::path init;          // checkpoint that they start from; empty: random weights
  double linear_weight = 0, kernel_weight = 0;
  bool keep_epochs = false;  // as files
};

/// What is trained: a model per seed.
struct LearningPlan {
  std::vector<ModelPlan> models;  // of the seeds train.seed, train.seed + 1, ...
  std::string note;               // how the batch was lowered, a sentence; empty: it was not
};

/// Where the clips of `train` (with n_pair > 1, its videos) would give fewer than min_steps steps per epoch,
/// the batch is lowered. Throws Error(InvalidArgument) naming the first option that is out of its range or
/// has no effect, Error(Mismatch) when they do not fill one batch.
[[nodiscard]] LearningPlan plan_learning(const LearnOptions& options, const CaptionSet& train);
/// The same for narrated videos, of which a batch takes each once.
[[nodiscard]] LearningPlan plan_learning(const LearnOptions& options, const NarratedVideos& train);

/// Fits the linear baseline and, where it has a share, the kernel model (not to narrations), trains and
/// evaluates each model; skips what is up to date. The first model's files lie in the folder itself, the
/// others' in its subfolders seed-N, those of a model's further networks in network-N. metrics.json has the
/// mean over the seeds and the metrics of each; the caller writes it. Adds "linear", "train" and "eval" to
/// `time`. Of a group rank 0 calls this, the others help_to_learn().
[[nodiscard]] Learned learn(RunFolder& folder, Splits splits, const LearningPlan& plan, TimeAccount& time,
                            Collective& group = alone());

/// What the other ranks of a group do while rank 0 is in learn(): they take part in each training.
void help_to_learn(Splits splits, const LearningPlan& plan, Collective& group);

/// Keeps the ids of the videos that were trained on in the folder, a line each, in order.
void keep_training_videos(const RunFolder& folder, const Splits& splits);

}  // namespace tvr
