#pragma once

#include <string>
#include <vector>

#include "data/datasets/caption.h"
#include "data/store/feature_store.h"
#include "pipeline/learning/evaluation.h"
#include "pipeline/learning/learning_data.h"
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

/// Trains word vectors, then trains and evaluates the model with every seed; skips the steps that are up to
/// date. The first seed's files lie in the folder itself, the others' in its subfolders seed-N. metrics.json
/// has the mean over the seeds and the metrics of each; the caller writes it. Adds "words", "train" and
/// "eval" to `time`.
[[nodiscard]] Learned learn(RunFolder& folder, const FeatureStore& store, const std::vector<RecipeRow>& lanes,
                            const DataSet& data, const LearnOptions& options, TimeAccount& time);

}  // namespace tvr
