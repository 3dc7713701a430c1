#pragma once

#include <nlohmann/json_fwd.hpp>

#include "data/store/store_inspector.h"

namespace tvr {

/// The outcome of a video in a lane, as `ls`, `failures` and `show` print it.
[[nodiscard]] nlohmann::json json_of(const OutcomeRow& row);

}  // namespace tvr
