#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/fingerprint.h"
#include "data/matrix.h"
#include "data/store/feature_store.h"

namespace tvr {

/// A lane whose row i begins i / rows_per_second after the beginning of the video.
struct TimedLane {
  RecipeRow recipe;
  double rows_per_second = 0;
};

/// The rows of one lane of one video, as they are kept: float16 in a store, float32 in most files.
class LaneRows {
 public:
  LaneRows() = default;
  explicit LaneRows(HalfRows rows) : rows_(rows.rows), dim_(rows.dim), halves_(std::move(rows.halves)) {}
  explicit LaneRows(Matrix rows) : rows_(rows.rows()), dim_(rows.cols()), floats_(std::move(rows)) {}

  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::int64_t dim() const noexcept { return dim_; }
  /// Row `row` [dim]: a view of this object, or `buffer` [dim], where it was converted.
  [[nodiscard]] const float* row(std::int64_t row, float* buffer) const;

 private:
  std::int64_t rows_ = 0, dim_ = 0;
  std::unique_ptr<std::uint16_t[]> halves_;  // nullptr: floats_
  Matrix floats_;
};

/// Reads whole lanes of single videos. All methods may be called by several threads at once.
class LaneReader {
 public:
  virtual ~LaneReader() = default;
  [[nodiscard]] virtual const std::vector<TimedLane>& lanes() const noexcept = 0;  // in the model's order
  /// Whether the video has rows of any lane.
  [[nodiscard]] virtual bool has(const std::string& video_id) const = 0;
  /// The rows of lanes()[lane], [T, D]; empty: none. Throws Error(Corrupt) for rows that are damaged or not
  /// as wide as the lane, and for values that are not finite: of a store these are looked for when a video's
  /// rows are read for the first time.
  [[nodiscard]] virtual LaneRows read(const std::string& video_id, std::size_t lane) const = 0;
  /// Tells features apart: of their hashes in a store, of the sizes of the files in folders.
  [[nodiscard]] virtual Digest digest() const = 0;
};

/// The features of these recipes in a store. Throws Error(Mismatch) for a recipe that does not tell its rows
/// per second.
[[nodiscard]] std::unique_ptr<LaneReader> lanes_in_store(const std::filesystem::path& store,
                                                         const std::vector<RecipeRow>& lanes);

/// A lane as a folder of .npy files [T, D], one per video.
struct LaneFolder {
  std::string lane;  // "2d"
  std::filesystem::path folder;
  double rows_per_second = 0;
};

/// By video id, where the file is below each of the folders.
using LanePaths = std::map<std::string, std::string>;

/// The features of the videos in `paths`. Throws Error(NotFound) when a folder has none of the files,
/// Error(Corrupt) for a path that leads out of it.
[[nodiscard]] std::unique_ptr<LaneReader> lanes_in_folders(const std::vector<LaneFolder>& folders,
                                                           LanePaths paths);

}  // namespace tvr
