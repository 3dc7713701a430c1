#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/progress.h"

namespace tvr {

class StoreCatalog;

/// The outcome of one video in one lane.
struct OutcomeRow {
  std::string video, lane, recipe, status, message, path, content, finished_at;
  std::int64_t feature_rows = 0, dim = 0, decoded_frames = 0, expected_frames = 0;
  double duration_s = 0;  // of the video
  double seconds = 0;     // processing time
  bool first_frame_only = false;
  std::int64_t recipe_row = 0;  // for FeatureStore::read() and forget()
};

/// Totals over the outcomes of one recipe and status.
struct OutcomeSum {
  std::string lane, recipe, status;
  std::int64_t videos = 0, feature_rows = 0;
  std::int64_t feature_bytes = 0;             // of values and times
  double duration_s = 0;                      // of the videos
  double seconds = 0;                         // processing time
  std::string first_finished, last_finished;  // UTC

  /// Adds the sum of another store. REQUIRES: the same lane, recipe and status.
  void add(const OutcomeSum& other);
};

/// A video's features whose hash does not match their bytes, or that no extraction writes.
struct DamagedRow {
  std::string video, lane;
  std::string what;         // what is wrong with them
  std::int64_t recipe = 0;  // for FeatureStore::forget()
};

/// Selects outcomes; empty fields match everything.
struct OutcomeFilter {
  std::string lane;
  std::string recipe;  // prefix of its digits
  std::string status;
  std::string id;       // exactly this video
  std::string video;    // glob for the video's name, composed or as it is listed: "floor33/*"
  std::string part;     // substring of the video's name
  bool failed = false;  // only those that are neither "ok" nor "imported"
};

/// Queries a store for display: never writes, never waits for a writer. Throws Error naming the file.
class StoreInspector {
 public:
  /// `path`: a file, or a pattern such as parts/*.db: what is "in order" below is so within each file, and
  /// the files follow each other in natural order. A set's rows have the recipe numbers of its FeatureStore.
  explicit StoreInspector(const std::filesystem::path& path);
  ~StoreInspector();
  StoreInspector(const StoreInspector&) = delete;
  StoreInspector& operator=(const StoreInspector&) = delete;

  /// In order of video, lane and recipe; at most `limit` rows, 0: all. Memory use does not depend on the
  /// store's size.
  void for_each(const OutcomeFilter& filter, std::int64_t limit,
                const std::function<void(const OutcomeRow&)>& use) const;
  /// The same as a list, without the first `skip` rows.
  [[nodiscard]] std::vector<OutcomeRow> outcomes(const OutcomeFilter& filter, std::int64_t limit = 0,
                                                 std::int64_t skip = 0) const;
  /// The ids of the videos that were added last, the newest first.
  [[nodiscard]] std::vector<std::string> newest_videos(std::int64_t limit) const;
  /// In order of lane, recipe and status; of a set those of all its files added.
  [[nodiscard]] std::vector<OutcomeSum> sums(const OutcomeFilter& filter) const;
  /// Features that are not as they were written (FeatureStore::read()) or not sound (require_sound()), in
  /// order of video and lane. Reads all features selected by the filter.
  [[nodiscard]] std::vector<DamagedRow> damaged_features(const OutcomeFilter& filter = {},
                                                         const Progress& progress = {}) const;
  /// Problems that SQLite finds in pages, indexes and constraints, at most 100; empty if there are none.
  [[nodiscard]] std::vector<std::string> damaged_structure() const;

 private:
  class File;
  template <class Use>
  void each_file(const Use& use) const;
  void pass(const OutcomeFilter& filter, std::int64_t skip, std::int64_t limit,
            const std::function<void(const OutcomeRow&)>& use) const;

  std::vector<std::filesystem::path> files_;
  std::shared_ptr<const StoreCatalog> catalog_;  // of a set
  std::unique_ptr<File> file_;                   // of a single file; those of a set are opened one by one
};

}  // namespace tvr
