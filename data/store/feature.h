#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/choices.h"
#include "data/matrix.h"
#include "data/store/row_file.h"
#include "data/time.h"

namespace tvr {

/// The feature rows of one lane of one video: `values` [T, D], `times` [T] half-open, sorted by start.
struct FeatureSequence {
  Matrix values;
  std::vector<TimeSpan> times;
};

/// The rows alone as a store holds them: [rows, dim] float16.
struct HalfRows {
  std::int64_t rows = 0, dim = 0;
  std::unique_ptr<std::uint16_t[]> halves;
};

/// No video is longer: times beyond cannot be those of one.
constexpr Micros kLongestVideo = std::chrono::hours(24 * 31);

/// Throws Error(Corrupt) unless the rows of `video` have `dim` columns, as the others of their recipe: a
/// stranger's store may hold any.
void require_columns(const FeatureSequence& features, std::int64_t dim, const std::string& video);

/// The same, and Error(Corrupt) unless their times are those of a video, in order of start, and their values
/// finite.
void require_sound(const FeatureSequence& features, std::int64_t dim, const std::string& video);

/// The same as stored: float16, row by row. If a place on disk is given, what exceeds 1 MiB is kept there, so
/// that memory use does not depend on the length of a video.
struct HalfSequence {
  std::int64_t dim = 0;
  std::vector<std::uint16_t> halves;  // [T, dim]; empty if they are on disk
  std::vector<TimeSpan> times;        // [T]
  RowPlace place;
  std::shared_ptr<RowFile> on_disk;  // shared by copies

  [[nodiscard]] std::int64_t rows() const noexcept { return static_cast<std::int64_t>(times.size()); }
  /// Rounds `values` [dim] to float16 and stores them as row `row`; rows may come in any order. Throws
  /// Error(Machine) if the disk is full, as do the following.
  void set(std::size_t row, const float* values, const TimeSpan& span);
  /// Passes the bytes of [T, dim] to `use`, in order, in pieces.
  void for_each_piece(const std::function<void(std::string_view)>& use) const;

  /// Keeps the rows at `place` from now on, where they outlive the process; nothing without a place. Rows
  /// there need a time: one that is empty is that of a row which has not come yet.
  void move_to_disk();
  /// Takes over the rows that are at `place` already, up to the first that is missing. REQUIRES: no rows yet,
  /// and `dim` is set.
  void resume();
  /// Deletes what is at `place`.
  void discard();
};

/// A clip's feature vector, the input of the joint embedding: [D].
using ClipFeature = std::vector<float>;

/// Elementwise maximum over all rows: values [T >= 1, D] to [D]. Throws Error(InvalidArgument) if T is 0.
[[nodiscard]] ClipFeature max_pool(const FeatureSequence& features);

/// The same over the rows that overlap `span`; throws Error(NotFound) if none does.
[[nodiscard]] ClipFeature max_pool(const FeatureSequence& features, const TimeSpan& span);

/// Divides `values` [count] by its Euclidean norm in place; a zero vector stays zero
/// (torch.nn.functional.normalize: x / max(||x||, 1e-12)).
void l2_normalize(float* values, std::size_t count) noexcept;

/// How a lane's rows are pooled over time.
enum class Pooling {
  Max,      // as in the reference (antoine77340/howto100m): [D]
  MaxMean,  // maximum and mean, concatenated: [2 D]
  Mean,     // of frames embedded with sentences ("meanP", CLIP4Clip, arXiv 2104.08860): [D]
};
inline constexpr Choices<Pooling, 3> kPoolings{
    {{"max", Pooling::Max}, {"max+mean", Pooling::MaxMean}, {"mean", Pooling::Mean}}};
/// Columns of a pooled row per column of a lane.
[[nodiscard]] constexpr std::int64_t pooled_parts(Pooling pooling) noexcept {
  return pooling == Pooling::MaxMean ? 2 : 1;
}

/// The input of the joint embedding for a clip, or for its part in `span`: each lane is pooled over time,
/// each part is L2-normalised, and the lanes are concatenated: [pooled_parts * sum of the lanes' D]. Throws
/// Error(NotFound) if a lane has no row in the span.
[[nodiscard]] ClipFeature pool_lanes(const std::vector<FeatureSequence>& lanes,
                                     const std::optional<TimeSpan>& span = std::nullopt,
                                     Pooling pooling = Pooling::Max);

}  // namespace tvr
