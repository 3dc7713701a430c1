#pragma once

#include "data/store/recipe.h"
#include "pipeline/extraction/extract_options.h"

namespace tvr {

/// The identity of a lane's features. Hashes the weights file, but does not load it.
[[nodiscard]] Recipe recipe_of(const Lane& lane);

}  // namespace tvr
