#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tvr {

/// A line of at most `cells` bars (U+2581 to U+2588) from 0, or the lowest where that is below, to the
/// highest of `values`. Where there are more values than cells, a cell shows the highest of its values.
[[nodiscard]] std::string sparkline(const std::vector<double>& values, std::size_t cells);

}  // namespace tvr
