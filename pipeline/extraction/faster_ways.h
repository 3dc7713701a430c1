#pragma once

#include "pipeline/extraction/extract_options.h"
#include "pipeline/terminal/time_account.h"

namespace tvr {

/// What an extraction on this machine would be faster with, and does without: by phase, for
/// TimeAccount::text().
[[nodiscard]] Advice faster_ways(const ExtractionPlan& plan);

}  // namespace tvr
