#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/datasets/video.h"
#include "data/fingerprint.h"
#include "data/store/feature.h"
#include "data/store/recipe.h"

namespace tvr {

/// How the last try at a video went. The names are also those in the store: "ok", "partial", ...
enum class Status {
  Ok,          // decoded to its end
  Partial,     // damaged: the features of what decoded are there
  NoVideo,     // holds no video stream, or no picture
  Unreadable,  // not media, forbidden format, missing, no permission
  Limit,       // a budget of pixels, frames or bytes was passed
  Timeout,     // the wall-clock budget was passed
  Imported,    // not made here: read from a file of features
};
[[nodiscard]] const char* name(Status status) noexcept;

/// What became of one video in one pass over some lanes: one transaction of the store.
struct VideoOutcome {
  VideoSource source;
  SourceFingerprint fingerprint;  // content empty when the file could not be read at all
  Status status = Status::Ok;
  std::string message;               // libav's words, empty when ok
  std::int64_t decoded_frames = 0;   // native frames
  std::int64_t expected_frames = 0;  // by the container; 0: it does not say
  double duration_s = 0;
  double seconds = 0;             // time spent
  bool first_frame_only = false;  // 0 sampled frames at 1 fps: its first frame was taken
  struct Lane {
    std::int64_t recipe = 0;  // as FeatureStore::add_recipe gave it
    HalfSequence features;    // empty when the video failed
  };
  std::vector<Lane> lanes;  // every lane that was tried, failed or not
};

/// What the store knows of a video.
struct VideoRow {
  VideoSource source;
  SourceFingerprint fingerprint;
};

/// A video with what became of it by each recipe that was tried.
struct KnownVideo {
  VideoRow video;
  struct Try {
    std::int64_t recipe = 0;
    Digest content;  // of the file that was tried; empty: it could not be read
    bool has_features = false;
  };
  std::vector<Try> tries;
};

/// A recipe of the store, with its row number.
struct RecipeRow {
  std::int64_t id = 0;
  Recipe recipe;
  std::int64_t dim = 0;     // columns of its rows; 0 while there are none
  std::int64_t videos = 0;  // videos with features by it
};

/// A video with features by some recipe.
struct FeaturedVideo {
  VideoSource source;
  Digest hash;  // of its feature rows: equal hash, equal rows
};

/// The wall between the dear side and the cheap side: one SQLite file (data/store/FORMAT.md).
/// One object is used by one thread at a time. Every method throws Error naming the file.
class FeatureStore {
 public:
  enum class Access { ReadOnly, ReadWrite };  // ReadWrite creates a missing file and locks out other writers

  explicit FeatureStore(const std::filesystem::path& path, Access access = Access::ReadOnly);
  ~FeatureStore();
  FeatureStore(FeatureStore&&) noexcept;
  FeatureStore& operator=(FeatureStore&&) noexcept;

  /// The row number of `recipe`. A new one enters the file with the first outcome that names it: work that
  /// comes to nothing leaves the store as it was.
  std::int64_t add_recipe(const Recipe& recipe);
  [[nodiscard]] std::vector<RecipeRow> recipes() const;

  /// What is known of a video, found in one look; nullopt: never seen. Hand its fingerprint to
  /// fingerprint_source().
  [[nodiscard]] std::optional<KnownVideo> known(const std::string& id) const;
  /// The same for many at once: calls use(i, what is known of ids[i]; nullptr: never seen) once for every i,
  /// in any order. `ids`: each once. `use` must not write to the store.
  void look_up(const std::vector<std::string_view>& ids,
               const std::function<void(std::size_t, const KnownVideo*)>& use) const;
  [[nodiscard]] std::vector<VideoRow> videos() const;

  /// Fresh: tried by this recipe with exactly this content, whatever came of it.
  [[nodiscard]] bool is_fresh(const std::string& video_id, const Digest& content, std::int64_t recipe) const;

  /// Whether there are feature rows by this recipe.
  [[nodiscard]] bool has_features(const std::string& video_id, std::int64_t recipe) const;

  /// All videos with feature rows by this recipe, in order of id. Does not read the rows.
  [[nodiscard]] std::vector<FeaturedVideo> featured_videos(std::int64_t recipe) const;

  /// Writes all of it or nothing. Features and outcomes of other recipes stay, unless the video's content has
  /// changed: then they are dropped, as they describe a file that is gone. A file that could not be read (no
  /// content) has not changed: its features and their outcomes stay, other lanes of it are noted as failed.
  /// An import (Status::Imported) says nothing about the video: its fingerprint's content is that of the file
  /// of features, and it comes and goes without touching other recipes.
  void write(const VideoOutcome& outcome);

  /// Drops outcomes and features: the next extraction makes them anew. All of them or none.
  struct RowName {
    std::string video_id;
    std::int64_t recipe = 0;
  };
  void forget(const std::vector<RowName>& rows);

  /// Drops videos and recipes that no outcome names any more.
  void drop_unused();

  /// Writes the file anew without its free pages; needs as much room again while it does.
  void compact();

  /// Notes a new path or time stamp of an unchanged file, so that it is not hashed again.
  void touch(const VideoSource& source, const SourceFingerprint& fingerprint);

  /// Features of one lane; nullopt when there are none. The stored hash is checked: Error(Corrupt) names the
  /// row.
  [[nodiscard]] std::optional<FeatureSequence> read(const std::string& video_id, std::int64_t recipe) const;

  /// sha256 over the identities and hashes of all feature rows in order of video and recipe: equal content
  /// gives an equal digest, whatever the order of writing, the crashes, the shards.
  [[nodiscard]] Digest content_digest() const;

  /// Moves the write-ahead log into the file; call after each stage.
  void checkpoint();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
