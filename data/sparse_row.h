#pragma once

#include <cstdint>
#include <vector>

namespace tvr {

/// A row of a sparse matrix: its values other than 0 and their columns, ascending.
struct SparseRow {
  std::vector<std::int32_t> columns;
  std::vector<float> values;
};

}  // namespace tvr
