#pragma once

#include <string>
#include <vector>

#include "model/trainer.h"
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
  std::vector<Evaluation> seeds;      // one per seed; the first, of the folder's own checkpoint, alone keeps
                                      // its embeddings. Empty without a test split
  std::string metrics;                // metrics.json; empty without a test split
  std::vector<std::string> findings;  // caveats about the metrics, one sentence each
  bool trained = false;               // false: every checkpoint was up to date
};

/// One checked training per seed: seeds train.seed, train.seed + 1, ... Throws Error(InvalidArgument) naming
/// the first option that is out of its range or has no effect.
[[nodiscard]] std::vector<TrainingPlan> plan_learning(const LearnOptions& options);

/// Trains and evaluates the model by each plan; skips the trainings that are up to date. The first one's
/// files lie in the folder itself, the others' in its subfolders seed-N. metrics.json has the mean over the
/// seeds and the metrics of each; the caller writes it. Adds "train" and "eval" to `time`.
[[nodiscard]] Learned learn(RunFolder& folder, Splits splits, const std::vector<TrainingPlan>& plans,
                            TimeAccount& time);

}  // namespace tvr
