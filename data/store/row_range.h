#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/store/feature.h"
#include "data/time.h"

namespace tvr {

// Note [rows of a clip]
// The reference (antoine77340/howto100m) takes a clip's rows by their numbers, from the row that holds its
// start to the one that holds its end, both included. Our own rule, the rows that overlap the half-open span,
// takes one row less whenever a clip ends where a row begins, as clips in whole seconds do at a row per
// second. The data sets whose published figures rest on the reference's rule (CaptionSet::by_reference) use
// it; all others use ours.

/// Rows [first, past) of a lane.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t past = 0;

  [[nodiscard]] std::int64_t size() const noexcept { return past - first; }
  [[nodiscard]] bool empty() const noexcept { return past == first; }
  friend bool operator==(const RowRange& a, const RowRange& b) noexcept {
    return a.first == b.first && a.past == b.past;
  }
};

/// The reference's rows of a clip: trunc(start * rate) to trunc(end * rate), the last included, in float64 as
/// there; of `rows` rows. Empty for a clip that lies beyond the rows, before them, or that ends before it
/// starts. REQUIRES: rows_per_second > 0, rows >= 0.
[[nodiscard]] RowRange rows_by_number(double start_seconds, double end_seconds, double rows_per_second,
                                      std::int64_t rows) noexcept;

/// The same by the rows' times, which follow each other without a gap: from the row that holds span.start to
/// the one that holds span.end.
[[nodiscard]] RowRange rows_by_number(const TimeSpan& span, const std::vector<TimeSpan>& times) noexcept;

/// pool_lanes() as the reference: over rows_by_number() of the span, and a lane without such a row gives
/// zeros. `lanes_without_rows` gets their number. Throws Error(Mismatch) where the times of a lane's rows are
/// not known.
[[nodiscard]] ClipFeature pool_lanes_by_number(const std::vector<FeatureSequence>& lanes,
                                               const std::optional<TimeSpan>& span, Pooling pooling,
                                               std::int64_t& lanes_without_rows);

}  // namespace tvr
