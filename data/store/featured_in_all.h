#pragma once

#include <cstdint>
#include <vector>

#include "data/store/feature_store.h"

namespace tvr {

/// Videos that have feature rows by every one of `recipes`, in order of id; `hash` is of their rows by all of
/// them: while it is equal, so are the rows.
[[nodiscard]] std::vector<FeaturedVideo> featured_in_all(const FeatureStore& store,
                                                         const std::vector<std::int64_t>& recipes);

}  // namespace tvr
