#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tvr {

/// A line of at most `cells` bars (U+2581 to U+2588), scaled from 0 (or the minimum, if negative) to the
/// maximum of `values`. With more values than cells, a cell shows the maximum of its values.
[[nodiscard]] std::string sparkline(const std::vector<double>& values, std::size_t cells);

}  // namespace tvr
