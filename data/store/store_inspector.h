#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/progress.h"

namespace tvr {

/// What became of one video in one lane.
struct OutcomeRow {
  std::string video, lane, recipe, status, message, path, content, finished_at;
  std::int64_t feature_rows = 0, dim = 0, decoded_frames = 0, expected_frames = 0;
  double duration_s = 0;  // of the video
  double seconds = 0;     // spent on it
  bool first_frame_only = false;
  std::int64_t recipe_row = 0;  // as FeatureStore::read() and forget() take it
};

/// Outcomes of one recipe and status, added up.
struct OutcomeSum {
  std::string lane, recipe, status;
  std::int64_t videos = 0, feature_rows = 0;
  std::int64_t feature_bytes = 0;             // of values and times
  double duration_s = 0;                      // of the videos
  double seconds = 0;                         // spent on them
  std::string first_finished, last_finished;  // UTC
};

/// A feature row whose hash does not fit its bytes.
struct DamagedRow {
  std::string video, lane;
  std::int64_t recipe = 0;  // as FeatureStore::forget() takes it
};

/// Which outcomes; empty fields match everything.
struct OutcomeFilter {
  std::string lane;
  std::string recipe;  // its first digits
  std::string status;
  std::string video;    // glob: "floor33/*"
  std::string part;     // of the video's name, letter by letter
  bool failed = false;  // only what is neither "ok" nor "imported"
};

/// A glob that matches `id` alone.
[[nodiscard]] std::string exact_glob(const std::string& id);

/// Reads a store for people: never writes, never waits for a writer. Throws Error naming the file.
class StoreInspector {
 public:
  explicit StoreInspector(const std::filesystem::path& path);
  ~StoreInspector();
  StoreInspector(const StoreInspector&) = delete;
  StoreInspector& operator=(const StoreInspector&) = delete;

  /// In order of video, lane and recipe; at most `limit` rows, 0: all. Memory does not grow with the store.
  void for_each(const OutcomeFilter& filter, std::int64_t limit,
                const std::function<void(const OutcomeRow&)>& use) const;
  [[nodiscard]] std::vector<OutcomeRow> outcomes(const OutcomeFilter& filter, std::int64_t limit = 0) const;
  /// In order of lane, recipe and status.
  [[nodiscard]] std::vector<OutcomeSum> sums(const OutcomeFilter& filter) const;
  /// In order of video and lane. Reads all features that the filter lets through.
  [[nodiscard]] std::vector<DamagedRow> damaged_features(const OutcomeFilter& filter = {},
                                                         const Progress& progress = {}) const;
  /// SQLite's own complaints about pages, indexes and constraints, at most 100; empty: none.
  [[nodiscard]] std::vector<std::string> damaged_structure() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
