#pragma once

#include <cstdint>
#include <vector>

#include "data/store/feature_store.h"
#include "pipeline/run/run_manifest.h"

namespace tvr {

/// The recipes of `store` that a run was trained on, in its order; `video_dim`: values of a clip that its
/// model takes. Throws Error(NotFound) for a lane without features, Error(Mismatch) for features of another
/// recipe or width.
[[nodiscard]] std::vector<RecipeRow> run_lanes(const RunManifest& run, const FeatureStore& store,
                                               std::int64_t video_dim);

}  // namespace tvr
