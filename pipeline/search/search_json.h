#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "pipeline/search/searcher.h"

namespace tvr {

/// What `search --json` prints and /api/search answers (docs/SEARCH.md).
[[nodiscard]] nlohmann::json json_of(const SearchQuery& query, const SearchAnswer& answer);

/// Text on one line; bytes that are not UTF-8 (names of untrusted files) become U+FFFD.
[[nodiscard]] std::string text_of(const nlohmann::json& value);

}  // namespace tvr
