#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/datasets/caption.h"
#include "data/store/feature_store.h"
#include "model/standardization.h"
#include "pipeline/learning/learning_data.h"
#include "pipeline/learning/learning_options.h"
#include "pipeline/run/run_folder.h"
#include "text/word_vectors.h"

namespace tvr {

/// The three splits as the model sees them, and the words of their captions.
struct Splits {
  Pairs train, val, test;
  WordTable words;
  std::optional<Standardization> standardization;  // of the training clips, if requested
  const char* selected_on = "last epoch";          // what the checkpoint's epoch is selected on
  nlohmann::json coverage;                         // words without a vector, by split, for metrics.json
  nlohmann::json left_out;                         // counts by reason, for metrics.json; null: none are
  std::vector<std::string> findings;               // caveats about the metrics, one sentence each

  /// Applies `standardization` to train and val.
  void standardize();
};

/// Trains the word vectors unless they are given or up to date in `folder`, and loads the features and
/// captions of every split. Throws Error(InvalidArgument) where the data set lacks a split that `options`
/// need, Error(Mismatch) when a split has no word with a vector.
[[nodiscard]] Splits load_splits(RunFolder& folder, const FeatureStore& store,
                                 const std::vector<RecipeRow>& lanes, const DataSet& data,
                                 const LearnOptions& options);

}  // namespace tvr
