#pragma once

#include <string>

#include "data/store/feature_store.h"

namespace tvr::testing {

/// Features of 3 rows by 64 columns that depend on the name alone, as an extraction's do on the file.
inline VideoOutcome extracted(const std::string& id, std::int64_t recipe) {
  VideoOutcome outcome;
  outcome.source = {id, "/videos/" + id + ".mp4"};
  outcome.fingerprint = {100, 7, sha256(id)};
  VideoOutcome::Lane lane{recipe, {}};
  lane.features.dim = 64;
  for (std::size_t row = 0; row < 3; ++row) {
    const std::vector<float> values(64, static_cast<float>(sha256(id)[row]) / 128);
    lane.features.set(row, values.data(), {Micros(1000 * row), Micros(1000 * (row + 1))});
  }
  outcome.lanes.push_back(lane);
  return outcome;
}

}  // namespace tvr::testing
