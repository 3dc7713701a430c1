#pragma once

#include <cstddef>

#include "data/csv.h"
#include "data/time.h"

namespace tvr {

/// The part of a video that two cells of a row give, in seconds from 0 to 1e9. Throws Error(Corrupt) naming
/// file and line for what is no time and for an end before the start.
[[nodiscard]] TimeSpan csv_span(const CsvTable& table, const CsvTable::Row& row, std::size_t start_column,
                                std::size_t end_column);

}  // namespace tvr
