#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/datasets/caption.h"
#include "data/store/feature_store.h"
#include "model/distributed/collective.h"
#include "model/standardization.h"
#include "pipeline/encoders/pretrained_pair.h"
#include "pipeline/learning/eval_sets.h"
#include "pipeline/learning/learning_data.h"
#include "pipeline/learning/learning_options.h"
#include "pipeline/narrated/narrated_videos.h"
#include "pipeline/run/run_folder.h"
#include "text/word_vectors.h"

namespace tvr {

/// The three splits as the model sees them, and the words of their captions.
struct Splits {
  Pairs train, val, test;
  std::shared_ptr<const NarratedVideos>
      narrated;  // what the training pairs are drawn from instead of `train`
  WordTable words;
  std::optional<Standardization> standardization;  // of the training clips, if requested
  const char* selected_on = "last epoch";          // what the checkpoint's epoch is selected on
  nlohmann::json coverage;                         // words without a vector, by split, for metrics.json
  nlohmann::json left_out;                         // counts by reason, for metrics.json; null: none are
  std::vector<std::string> findings;               // caveats about the metrics, one sentence each

  std::vector<EvalSet> sets;  // further data sets, on which each epoch's weights are evaluated

  /// Applies `standardization` to train, val and sets.
  void standardize();
};

/// Trains the word vectors unless they are given or up to date in `folder`, and loads the features and
/// captions of every split and of the test splits of `sets`. Throws Error(InvalidArgument) where the data set
/// lacks a split that `options` need, Error(Mismatch) when a split has no word with a vector, Error(NotFound)
/// when all its clips are left out. Each process of a group loads for itself; rank 0 alone writes to
/// `folder`.
[[nodiscard]] Splits load_splits(RunFolder& folder, const FeatureStore& store,
                                 const std::vector<RecipeRow>& lanes, const DataSet& data,
                                 const std::vector<EvalCaptions>& sets, const LearnOptions& options,
                                 Collective& group = alone());

/// The same for training a head on a pretrained pair: words.vectors are those of sentences, of which each
/// caption is one. The first lane is the image tower's.
[[nodiscard]] Splits load_sentence_splits(RunFolder& folder, const FeatureStore& store,
                                          const std::vector<RecipeRow>& lanes, const DataSet& data,
                                          PretrainedPair& pair);

/// The same for training on narrations. `data`, whose training split is not used, and `store` are those that
/// the model is validated and tested on; both may be empty. Words are those of the narrations and of `data`.
[[nodiscard]] Splits load_narrated_splits(RunFolder& folder, std::shared_ptr<const NarratedVideos> narrated,
                                          const std::optional<FeatureStore>& store,
                                          const std::vector<RecipeRow>& lanes, DataSet data,
                                          const std::vector<EvalCaptions>& sets, const LearnOptions& options,
                                          Collective& group = alone());

}  // namespace tvr
