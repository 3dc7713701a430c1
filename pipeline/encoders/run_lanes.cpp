#include "pipeline/encoders/run_lanes.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/error.h"
#include "data/json_text.h"

namespace tvr {
namespace {

/// What two recipes of a lane do not have in common: "fps 1 instead of 2, ...".
std::string differences(const Recipe& stored, const Recipe& wanted) {
  const auto parts = [](const Recipe& recipe) {
    nlohmann::json values = parse_json(recipe.text, "a recipe");
    values["weights"] = recipe.weights;
    return values;
  };
  const nlohmann::json is = parts(stored), was = parts(wanted);
  nlohmann::json keys = is;
  keys.update(was);
  std::vector<std::string> all;
  const auto text = [](const nlohmann::json& values, const std::string& key) {
    if (!values.contains(key)) return std::string("none");
    return values[key].is_string() ? values[key].get<std::string>() : values[key].dump();
  };
  for (const auto& [key, unused] : keys.items()) {
    if (text(is, key) != text(was, key))
      all.push_back(fmt::format("{} {} instead of {}", key, text(is, key), text(was, key)));
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

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
              "the store's features do not have the recipe that the model was trained on: " +
                  differences(other->recipe, wanted),
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
