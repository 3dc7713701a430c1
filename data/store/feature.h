#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/matrix.h"
#include "data/spill_file.h"
#include "data/time.h"

namespace tvr {

/// The rows of one lane of one video: `values` [T, D], `times` [T] half-open, sorted by start.
struct FeatureSequence {
  Matrix values;
  std::vector<TimeSpan> times;
};

/// The same as it is kept: float16, row after row. Where a folder for it is named, what exceeds 1 MiB lies in
/// a file there that has no name, so that memory does not grow with the length of a video.
struct HalfSequence {
  std::int64_t dim = 0;
  std::vector<std::uint16_t> halves;  // [T, dim], or empty: they lie in `spilled`
  std::vector<TimeSpan> times;        // [T]
  std::filesystem::path spill_folder;
  std::shared_ptr<SpillFile> spilled;  // copies share it

  [[nodiscard]] std::int64_t rows() const noexcept { return static_cast<std::int64_t>(times.size()); }
  /// Rounds `values` [dim] into row `row`; rows may come in any order. Throws Error(Unreadable) when the
  /// folder's disk takes no more.
  void set(std::size_t row, const float* values, const TimeSpan& span);
  /// Hands the bytes of [T, dim] to `use`, in order, in pieces.
  void for_each_piece(const std::function<void(std::string_view)>& use) const;

 private:
  void spill();
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

/// What a lane's rows become over time.
enum class Pooling {
  Max,      // the reference's (antoine77340/howto100m): [D]
  MaxMean,  // the maximum and beside it the mean: [2 D]
};
[[nodiscard]] const char* name(Pooling pooling) noexcept;
[[nodiscard]] Pooling pooling_named(const std::string& name);  // "max", "max+mean"; Error(InvalidArgument)
/// Columns of a pooled row a column of a lane.
[[nodiscard]] constexpr std::int64_t pooled_parts(Pooling pooling) noexcept {
  return pooling == Pooling::MaxMean ? 2 : 1;
}

/// A clip, or the part of it in `span`, as the joint embedding sees it: pooled over time a lane, each part
/// L2-normalised, lanes side by side; [pooled_parts * sum of the lanes' D]. Throws Error(NotFound) when a
/// lane has no row in the span.
[[nodiscard]] ClipFeature pool_lanes(const std::vector<FeatureSequence>& lanes,
                                     const std::optional<TimeSpan>& span = std::nullopt,
                                     Pooling pooling = Pooling::Max);

}  // namespace tvr
