#include "pipeline/localization/frame_features.h"

#include <algorithm>
#include <cstddef>

namespace tvr {

Matrix adaptive_max_pool(const Matrix& rows, std::int64_t frames, std::int64_t first, std::int64_t count) {
  Matrix pooled(count, rows.cols());
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t frame = first + i;
    const std::int64_t begin = frame * rows.rows() / frames;
    const std::int64_t end = ((frame + 1) * rows.rows() + frames - 1) / frames;
    float* const highest = pooled.row(i);
    std::copy_n(rows.row(begin), rows.cols(), highest);
    for (std::int64_t row = begin + 1; row < end; ++row) {
      std::transform(highest, highest + rows.cols(), rows.row(row), highest,
                     [](float a, float b) { return std::max(a, b); });
    }
  }
  return pooled;
}

Matrix frame_features(const std::vector<FeatureSequence>& lanes, Pooling pooling, std::int64_t frames,
                      std::int64_t first, std::int64_t count) {
  std::int64_t dim = 0;
  for (const FeatureSequence& lane : lanes) dim += lane.values.cols() * pooled_parts(pooling);
  Matrix features(count, dim);
  std::int64_t at = 0;
  for (const FeatureSequence& lane : lanes) {
    Matrix rows = adaptive_max_pool(lane.values, frames, first, count);
    for (std::int64_t i = 0; i < count; ++i) l2_normalize(rows.row(i), static_cast<std::size_t>(rows.cols()));
    // The maximum of one row is that row, and so is its mean.
    for (std::int64_t part = 0; part < pooled_parts(pooling); ++part, at += rows.cols())
      for (std::int64_t i = 0; i < count; ++i) std::copy_n(rows.row(i), rows.cols(), features.row(i) + at);
  }
  return features;
}

}  // namespace tvr
