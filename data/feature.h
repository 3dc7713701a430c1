#pragma once

#include <vector>

#include "data/matrix.h"
#include "data/time.h"

namespace tvr {

/// The rows of one lane of one video: `values` [T, D], `times` [T] half-open, sorted by start.
struct FeatureSequence {
  Matrix values;
  std::vector<TimeSpan> times;
};

/// One clip as the joint embedding sees it: [D].
using ClipFeature = std::vector<float>;

/// Elementwise maximum over all rows: values [T >= 1, D] to [D]. Throws Error(InvalidArgument) when T is 0.
[[nodiscard]] ClipFeature max_pool(const FeatureSequence& features);

/// The same over the rows that overlap `span`; throws Error(NotFound) when none does.
[[nodiscard]] ClipFeature max_pool(const FeatureSequence& features, const TimeSpan& span);

/// Divides `values` [count] by its Euclidean norm in place; a zero vector stays zero.
/// (torch.nn.functional.normalize: x / max(||x||, 1e-12).)
void l2_normalize(float* values, std::size_t count) noexcept;

}  // namespace tvr
