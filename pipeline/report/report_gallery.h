#pragma once

#include <string>

#include "pipeline/report/report.h"

namespace tvr {

/// The section of the report that shows, for the best, median and worst test captions, a frame of the correct
/// clip and of the top five results.
[[nodiscard]] std::string gallery_html(const ReportInput& input);

}  // namespace tvr
