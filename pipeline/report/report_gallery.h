#pragma once

#include <string>

#include "pipeline/report/report.h"

namespace tvr {

/// The section of the report that shows, for the best, the middling and the worst test sentences, a picture
/// of the wanted clip and those of the five that were found.
[[nodiscard]] std::string gallery_html(const ReportInput& input);

}  // namespace tvr
