#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace tvr {

/// What became of one video in one lane.
struct OutcomeRow {
  std::string video, lane, recipe, status, message, path, finished_at;
  std::int64_t feature_rows = 0, dim = 0, decoded_frames = 0, expected_frames = 0;
  double duration_s = 0;  // of the video
  double seconds = 0;     // spent on it
  bool first_frame_only = false;
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
  bool failed = false;  // only what is not "ok"
};

/// How far the store is: a lane and a status.
struct ProgressRow {
  std::string lane, status;
  std::int64_t videos = 0;
  double video_seconds = 0;  // length of the videos
  double work_seconds = 0;   // spent on them
};

/// Reads a store for people: never writes, never waits for a writer. Throws Error naming the file.
class StoreInspector {
 public:
  explicit StoreInspector(const std::filesystem::path& path);
  ~StoreInspector();
  StoreInspector(const StoreInspector&) = delete;
  StoreInspector& operator=(const StoreInspector&) = delete;

  /// In order of video and lane; at most `limit` rows, 0: all.
  [[nodiscard]] std::vector<OutcomeRow> outcomes(const OutcomeFilter& filter, std::int64_t limit = 0) const;
  /// In order of lane and status.
  [[nodiscard]] std::vector<ProgressRow> progress() const;
  /// In order of video and lane. Reads all features.
  [[nodiscard]] std::vector<DamagedRow> damaged_features() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
