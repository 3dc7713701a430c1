#pragma once

#include <cstdint>

#include "data/matrix.h"

namespace tvr {

/// Dot product of two rows of length `dim`. The value depends on the two rows alone, so equal rows tie
/// exactly, wherever they stand and whatever is computed beside them.
[[nodiscard]] float similarity(const float* a, const float* b, std::int64_t dim) noexcept;

}  // namespace tvr
