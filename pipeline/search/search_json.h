#pragma once

#include <nlohmann/json_fwd.hpp>

#include "pipeline/search/searcher.h"

namespace tvr {

/// The output of `search --json` and the response of /api/search (docs/SEARCH.md).
[[nodiscard]] nlohmann::json json_of(const SearchQuery& query, const SearchAnswer& answer);

}  // namespace tvr
