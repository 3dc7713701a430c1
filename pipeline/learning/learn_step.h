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

/// What the cheap side leaves behind, beside the files in the run's folder.
struct Learned {
  WordTable words;
  Pairs test;
  std::vector<Evaluation> seeds;      // the first is the folder's own checkpoint's; embeddings of it alone.
                                      // Empty without a test split
  std::string metrics;                // metrics.json; empty without a test split
  std::vector<std::string> findings;  // what to keep in mind of the figures, one sentence each
  bool trained = false;               // false: every checkpoint was fresh
};

/// Word vectors, training and evaluation of every seed, each step skipped when it is fresh. The first seed's
/// files are the folder's own, the others' lie in its folders seed-N; metrics.json has the mean of all and
/// each one's, and is left to the caller to write. Tells `time` of "words", "train" and "eval".
[[nodiscard]] Learned learn(RunFolder& folder, const FeatureStore& store, const std::vector<RecipeRow>& lanes,
                            const DataSet& data, const LearnOptions& options, TimeAccount& time);

}  // namespace tvr
