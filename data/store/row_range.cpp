#include "data/store/row_range.h"

#include <algorithm>
#include <cmath>

#include "data/error.h"

namespace tvr {
namespace {

/// trunc(value) + more, within 0 and `rows`; not a number: 0.
std::int64_t row_at(double value, double more, std::int64_t rows) noexcept {
  const double row = std::trunc(value) + more;
  if (!(row > 0)) return 0;
  return row >= static_cast<double>(rows) ? rows : static_cast<std::int64_t>(row);
}

RowRange in_order(std::int64_t first, std::int64_t past) noexcept { return {first, std::max(first, past)}; }

FeatureSequence part_of(const FeatureSequence& lane, const RowRange& rows) {
  FeatureSequence part;
  part.values = Matrix(rows.size(), lane.values.cols());
  if (!rows.empty())
    std::copy(lane.values.row(rows.first), lane.values.row(rows.past - 1) + lane.values.cols(),
              part.values.data());
  part.times.assign(lane.times.begin() + rows.first, lane.times.begin() + rows.past);
  return part;
}

}  // namespace

RowRange rows_by_number(double start_seconds, double end_seconds, double rows_per_second,
                        std::int64_t rows) noexcept {
  return in_order(row_at(start_seconds * rows_per_second, 0, rows),
                  row_at(end_seconds * rows_per_second, 1, rows));
}

RowRange rows_by_number(const TimeSpan& span, const std::vector<TimeSpan>& times) noexcept {
  const auto ended = std::upper_bound(times.begin(), times.end(), span.start,
                                      [](Micros time, const TimeSpan& row) { return time < row.end; });
  const auto begun = std::upper_bound(times.begin(), times.end(), span.end,
                                      [](Micros time, const TimeSpan& row) { return time < row.start; });
  return in_order(ended - times.begin(), begun - times.begin());
}

ClipFeature pool_lanes_by_number(const std::vector<FeatureSequence>& lanes,
                                 const std::optional<TimeSpan>& span, Pooling pooling,
                                 std::int64_t& lanes_without_rows) {
  lanes_without_rows = 0;
  if (!span) return pool_lanes(lanes, span, pooling);
  ClipFeature clip;
  for (const FeatureSequence& lane : lanes) {
    if (!lane.times.empty() && lane.times.back().end == Micros(0)) {
      throw Error(Fault::Mismatch, "pooling",
                  "the times of the rows are not known, the clip is a part of a video",
                  "Import the features again with --rows-per-second");
    }
    const FeatureSequence part = part_of(lane, rows_by_number(*span, lane.times));
    if (part.times.empty()) {
      ++lanes_without_rows;
      clip.insert(clip.end(), static_cast<std::size_t>(lane.values.cols() * pooled_parts(pooling)), 0.0F);
      continue;
    }
    const ClipFeature pooled = pool_lanes({part}, std::nullopt, pooling);
    clip.insert(clip.end(), pooled.begin(), pooled.end());
  }
  return clip;
}

}  // namespace tvr
