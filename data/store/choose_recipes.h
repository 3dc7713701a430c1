#pragma once

#include <string>
#include <vector>

#include "data/store/feature_store.h"

namespace tvr {

/// The store's recipe for each of `lanes` ("2d", "3d"; empty: every lane of the store). Throws
/// Error(NotFound) when a lane has no features, Error(Mismatch) naming both when it has features by two
/// recipes and `wanted` does not choose: `wanted` holds beginnings of recipe identities.
[[nodiscard]] std::vector<RecipeRow> choose_recipes(const FeatureStore& store,
                                                    const std::vector<std::string>& lanes,
                                                    const std::vector<std::string>& wanted);

}  // namespace tvr
