#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/fingerprint.h"
#include "data/narrations/narration_file.h"
#include "data/store/lane_reader.h"

namespace tvr {

/// How clips are made of narrations; all of it changes the result.
struct NarratedOptions {
  std::filesystem::path narrations;                // as `pipeline narrations import` writes them
  std::filesystem::path videos;                    // HowTo100M_v1.csv; empty: all that are narrated
  int max_rank = 0;                                // of its column rank; 0: all
  std::filesystem::path features_2d, features_3d;  // folders of .npy files instead of a store
  double min_time = 5;                             // seconds that a clip lasts at least
  int min_words = 0;                               // words that a clip has at least
  int candidates = 1;                              // lines per clip, for MIL-NCE
};

/// The narrated videos of a training that have features.
class NarratedVideos {
 public:
  /// `features`: of the lanes in the model's order. Throws what NarrationFile throws, Error(Mismatch) when no
  /// video has both narration and features.
  NarratedVideos(const NarratedOptions& options, std::unique_ptr<LaneReader> features, Pooling pooling);

  [[nodiscard]] std::int64_t count() const noexcept { return static_cast<std::int64_t>(videos_.size()); }
  [[nodiscard]] const std::vector<TimedLane>& lanes() const noexcept { return features_->lanes(); }
  [[nodiscard]] const NarratedOptions& options() const noexcept { return options_; }
  [[nodiscard]] Pooling pooling() const noexcept { return pooling_; }  // of a clip's rows
  [[nodiscard]] std::string id(std::int64_t video) const;
  [[nodiscard]] Narration narration(std::int64_t video) const;
  /// The video of a line, and the number of its first line: lines are numbered through all videos.
  [[nodiscard]] std::int64_t video_of(std::int64_t line) const;
  [[nodiscard]] std::int64_t first_line(std::int64_t video) const;
  [[nodiscard]] std::int64_t line_count(std::int64_t video) const;
  [[nodiscard]] std::int64_t line_count() const noexcept { return first_line_.back(); }
  [[nodiscard]] const LaneReader& features() const noexcept { return *features_; }
  /// Videos that are left out, by reason, as sentences.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  /// Of narrations, features, options and pooling.
  [[nodiscard]] Digest digest() const;

 private:
  NarratedOptions options_;
  std::unique_ptr<LaneReader> features_;
  Pooling pooling_;
  NarrationFile file_;
  std::vector<std::int32_t> videos_;      // places in file_
  std::vector<std::int64_t> first_line_;  // [count() + 1]
  std::vector<std::string> notes_;
};

/// Opens the features that `options` name: the folders if there are any, or else `lanes` of `store`.
[[nodiscard]] std::unique_ptr<LaneReader> open_features(const NarratedOptions& options,
                                                        const std::filesystem::path& store,
                                                        const std::vector<RecipeRow>& lanes);

}  // namespace tvr
