#pragma once

#include <nlohmann/json_fwd.hpp>

#include "pipeline/search/searcher.h"

namespace tvr {

/// What `search --json` prints and /api/search answers (docs/SEARCH.md).
[[nodiscard]] nlohmann::json json_of(const SearchQuery& query, const SearchAnswer& answer);

}  // namespace tvr
