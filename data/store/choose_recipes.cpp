#include "data/store/choose_recipes.h"

#include <fmt/format.h>

#include <set>

#include "data/error.h"

namespace tvr {
namespace {

bool starts_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

std::string describe(const RecipeRow& row) {
  return fmt::format("{} ({} videos{}; {}; {})", row.recipe.identity().substr(0, 12), row.videos,
                     row.part.empty() ? "" : ", as in " + row.part, row.recipe.text, row.recipe.weights);
}

RecipeRow choose(const FeatureStore& store, const std::string& lane, const std::vector<std::string>& wanted) {
  std::vector<RecipeRow> candidates;
  for (const RecipeRow& row : store.recipes()) {
    if (row.recipe.lane != lane || row.videos == 0) continue;
    for (const std::string& beginning : wanted) {
      if (starts_with(row.recipe.identity(), beginning)) return row;
    }
    candidates.push_back(row);
  }
  if (candidates.empty()) {
    throw Error(Fault::NotFound, "the store", "no features of lane " + lane,
                "Run `pipeline extract` on it first");
  }
  if (candidates.size() > 1) {
    throw Error(Fault::Mismatch, "the store",
                fmt::format("lane {} has features by several recipes: {} and {}", lane,
                            describe(candidates[0]), describe(candidates[1])),
                "Features of different recipes cannot be mixed: choose one with --feature-recipe and its "
                "first digits");
  }
  return candidates.front();
}

}  // namespace

std::vector<RecipeRow> choose_recipes(const FeatureStore& store, const std::vector<std::string>& lanes,
                                      const std::vector<std::string>& wanted) {
  std::set<std::string> names(lanes.begin(), lanes.end());
  if (names.empty()) {
    for (const RecipeRow& row : store.recipes()) {
      if (row.videos > 0) names.insert(row.recipe.lane);
    }
  }
  if (names.empty()) {
    throw Error(Fault::NotFound, "the store", "it holds no features", "Run `pipeline extract` on it first");
  }
  std::vector<RecipeRow> chosen;
  for (const std::string& lane : names) chosen.push_back(choose(store, lane, wanted));
  return chosen;
}

}  // namespace tvr
