#include "data/feature.h"

#include <algorithm>
#include <cmath>

#include "data/error.h"
#include "data/tensor.h"

namespace tvr {
namespace {

void raise_to(ClipFeature& maximum, const float* row) {
  for (std::size_t i = 0; i < maximum.size(); ++i) maximum[i] = std::max(maximum[i], row[i]);
}

}  // namespace

void HalfSequence::set(std::size_t row, const float* values, const TimeSpan& span) {
  if (times.size() <= row) {
    times.resize(row + 1);
    halves.resize((row + 1) * static_cast<std::size_t>(dim));
  }
  times[row] = span;
  std::transform(values, values + dim, halves.begin() + static_cast<std::ptrdiff_t>(row) * dim, to_half);
}

ClipFeature max_pool(const FeatureSequence& features) {
  if (features.values.rows() == 0)
    throw Error(Fault::InvalidArgument, "max_pool", "there are no rows to pool");
  ClipFeature maximum(features.values.row(0), features.values.row(0) + features.values.cols());
  for (std::int64_t i = 1; i < features.values.rows(); ++i) raise_to(maximum, features.values.row(i));
  return maximum;
}

ClipFeature max_pool(const FeatureSequence& features, const TimeSpan& span) {
  ClipFeature maximum;
  for (std::size_t i = 0; i < features.times.size(); ++i) {
    if (!features.times[i].overlaps(span)) continue;
    const float* row = features.values.row(static_cast<std::int64_t>(i));
    if (maximum.empty())
      maximum.assign(row, row + features.values.cols());
    else
      raise_to(maximum, row);
  }
  if (maximum.empty())
    throw Error(Fault::NotFound, "max_pool", "no row overlaps the span: it lies beyond the video");
  return maximum;
}

void l2_normalize(float* values, std::size_t count) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]) * values[i];
  const auto scale = static_cast<float>(1 / std::max(std::sqrt(sum), 1e-12));
  for (std::size_t i = 0; i < count; ++i) values[i] *= scale;
}

ClipFeature pool_lanes(const std::vector<FeatureSequence>& lanes, const std::optional<TimeSpan>& span) {
  ClipFeature row;
  for (const FeatureSequence& lane : lanes) {
    ClipFeature pooled = span ? max_pool(lane, *span) : max_pool(lane);
    l2_normalize(pooled.data(), pooled.size());
    row.insert(row.end(), pooled.begin(), pooled.end());
  }
  return row;
}

}  // namespace tvr
