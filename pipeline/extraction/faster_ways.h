#pragma once

#include "pipeline/extraction/extract_options.h"
#include "pipeline/terminal/time_account.h"

namespace tvr {

/// Options that would make this extraction faster on this machine, by phase, for TimeAccount::text().
[[nodiscard]] Advice faster_ways(const ExtractionPlan& plan);

}  // namespace tvr
