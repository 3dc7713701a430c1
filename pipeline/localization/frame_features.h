#pragma once

#include <cstdint>
#include <vector>

#include "data/matrix.h"
#include "data/store/feature.h"

namespace tvr {

/// Rows [L, D], L >= 1, to [frames, D] by adaptive maximum, as torch's adaptive_max_pool1d has it, for more
/// frames than rows as well: frame i has the maximum of rows floor(i L / frames) to
/// ceil((i + 1) L / frames) - 1. Only the frames from `first` on, `count` of them.
[[nodiscard]] Matrix adaptive_max_pool(const Matrix& rows, std::int64_t frames, std::int64_t first,
                                       std::int64_t count);

/// Frames [first, first + count) of `frames` as clips of one row each: every lane brought to that many rows
/// by adaptive_max_pool(), L2-normalised, side by side, as pool_lanes() does for a clip:
/// [count, pooled_parts * sum of the lanes' D].
[[nodiscard]] Matrix frame_features(const std::vector<FeatureSequence>& lanes, Pooling pooling,
                                    std::int64_t frames, std::int64_t first, std::int64_t count);

}  // namespace tvr
