#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/store/feature.h"
#include "data/store/feature_store.h"

namespace tvr {

/// What one needs of the folder of `pipeline run` or `pipeline train` to use its model.
struct TrainedRun {
  std::filesystem::path checkpoint;
  std::filesystem::path word_vectors;
  std::filesystem::path store;  // that it was trained on
  int max_words = 20;
  Pooling pooling = Pooling::Max;
  std::vector<std::string> lanes;    // empty: every lane of the store
  std::vector<std::string> recipes;  // beginnings of the identities it was trained on; empty: not known
};

/// Throws Error(NotFound) for a folder without config.toml or checkpoint, Error(Corrupt) for a damaged one.
[[nodiscard]] TrainedRun read_trained_run(const std::filesystem::path& folder);

/// The lanes of `store` that fit the run. Throws Error(Mismatch) when the features are by other recipes than
/// those it was trained on, and what choose_recipes() throws.
[[nodiscard]] std::vector<RecipeRow> recipes_for(const TrainedRun& run, const FeatureStore& store);

}  // namespace tvr
