#include "pipeline/encoders/run_lanes.h"

#include <fmt/format.h>

#include <string>

#include "data/error.h"

namespace tvr {
namespace {

std::string described(const Recipe& recipe) { return recipe.text + ", weights " + recipe.weights; }

/// The row of the store for the recipe `wanted`.
RecipeRow row_of(const Recipe& wanted, const std::vector<RecipeRow>& rows) {
  const RecipeRow* other = nullptr;
  const Digest identity = wanted.identity();
  for (const RecipeRow& row : rows) {
    if (row.recipe.lane != wanted.lane || row.videos == 0) continue;
    if (row.recipe.identity() == identity) return row;
    other = &row;
  }
  if (other == nullptr) {
    throw Error(Fault::NotFound, "the store", "it has no features for lane " + wanted.lane,
                "Run `pipeline extract` on it first");
  }
  throw Error(Fault::Mismatch, "lane " + wanted.lane,
              "the store's features (" + described(other->recipe) +
                  ") do not have the recipe that the model was trained on (" + described(wanted) + ")",
              "Extract the videos with the flags of the run (see its config.toml)");
}

}  // namespace

std::vector<RecipeRow> run_lanes(const RunManifest& run, const FeatureStore& store, std::int64_t video_dim) {
  const std::vector<RecipeRow> rows = store.recipes();
  std::vector<RecipeRow> lanes;
  std::int64_t dim = 0;
  for (const Recipe& wanted : run.lanes) {
    lanes.push_back(row_of(wanted, rows));
    dim += lanes.back().dim * pooled_parts(run.pooling);
  }
  if (dim == video_dim) return lanes;
  throw Error(
      Fault::Mismatch, "the store",
      fmt::format("its features have {} values in all lanes, the model was trained on {}", dim, video_dim),
      "Extract the lanes that the model was trained on");
}

}  // namespace tvr
