#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/choices.h"
#include "data/datasets/video.h"
#include "data/fingerprint.h"
#include "data/store/feature.h"
#include "data/store/recipe.h"

namespace tvr {

/// Outcome of the last extraction of a video. In the store as "ok", "partial", ...
enum class Status {
  Ok,          // decoded to its end
  Partial,     // damaged: features of the decodable part
  NoVideo,     // no video stream, or no frame
  Unreadable,  // not media, forbidden format, missing, no permission
  Limit,       // a limit of pixels, frames or bytes was exceeded
  Timeout,     // the wall-clock limit was exceeded
  Imported,    // not extracted: read from a feature file
};
inline constexpr Choices<Status, 7> kStatuses{{{"ok", Status::Ok},
                                               {"partial", Status::Partial},
                                               {"no_video", Status::NoVideo},
                                               {"unreadable", Status::Unreadable},
                                               {"limit", Status::Limit},
                                               {"timeout", Status::Timeout},
                                               {"imported", Status::Imported}}};

/// The result of one video in one pass over some lanes: one transaction of the store.
struct VideoOutcome {
  VideoSource source;
  SourceFingerprint fingerprint;  // content is empty if the file could not be read at all
  Status status = Status::Ok;
  std::string message;               // libav's message; empty if ok
  std::int64_t decoded_frames = 0;   // at the video's own frame rate
  std::int64_t expected_frames = 0;  // from the container; 0: not stated
  double duration_s = 0;
  double seconds = 0;             // time spent
  bool first_frame_only = false;  // no frame sampled at this lane's rate: the first frame was used
  struct Lane {
    std::int64_t recipe = 0;  // from FeatureStore::add_recipe()
    HalfSequence features;    // empty if the video failed
  };
  std::vector<Lane> lanes;  // every lane that was tried, failed or not
};

/// What the store knows about a video.
struct VideoRow {
  VideoSource source;
  SourceFingerprint fingerprint;
};

/// A video with its outcome for each recipe.
struct KnownVideo {
  VideoRow video;
  struct Try {
    std::int64_t recipe = 0;
    Digest content;  // of the file at that time; empty: it could not be read
    bool has_features = false;
    bool machine_failed = false;  // as versions before 0.2 recorded what was no property of the file
  };
  std::vector<Try> tries;
};

/// A recipe in the store, with its row number.
struct RecipeRow {
  std::int64_t id = 0;
  Recipe recipe;
  std::int64_t dim = 0;     // columns of most of its features, as a stranger's store may hold any; 0: none
  std::int64_t videos = 0;  // number of videos with features of this recipe
  std::string part = {};    // of a set: a file that has it
};

/// A video with features of some recipe.
struct FeaturedVideo {
  VideoSource source;
  Digest hash;  // of its feature rows: equal hash, equal rows
};

class FeatureReader;
class StoreFile;

/// The boundary between expensive extraction and cheap training: one SQLite file (data/store/FORMAT.md), or,
/// for reading, the set of all that match a pattern (data/store/store_set.h). Not thread-safe. Every method
/// throws Error naming the file.
class FeatureStore {
 public:
  enum class Access { ReadOnly, ReadWrite };  // ReadWrite creates a missing file and locks out other writers

  /// `path`: a file, or to read a pattern such as parts/*.db. Throws Error(InvalidArgument) for a pattern to
  /// write to, and what StoreSet throws.
  explicit FeatureStore(const std::filesystem::path& path, Access access = Access::ReadOnly);
  /// A set of these files, to read; one alone is that file.
  explicit FeatureStore(const std::vector<std::filesystem::path>& files);
  ~FeatureStore();
  FeatureStore(FeatureStore&&) noexcept;
  FeatureStore& operator=(FeatureStore&&) noexcept;

  /// A connection of its own to the same files, for another thread: what is known about a set is shared.
  [[nodiscard]] FeatureStore another() const;

  /// Remembers that this store holds videos of one of `count` shards. Throws Error(Mismatch) when it knows
  /// another number.
  void keep_shard_count(std::uint64_t count);

  /// The row number of `recipe`. A new recipe is written with the first outcome that refers to it, so that a
  /// run without results leaves the store unchanged.
  std::int64_t add_recipe(const Recipe& recipe);
  [[nodiscard]] std::vector<RecipeRow> recipes() const;

  /// What is known about a video, in one lookup; nullopt: unknown. Pass its fingerprint to
  /// fingerprint_source().
  [[nodiscard]] std::optional<KnownVideo> known(const std::string& id) const;
  /// The same for many videos: calls use(i, what is known about ids[i]; nullptr: unknown) once for every i,
  /// in any order. `ids` must be unique. `use` must not write to the store.
  void look_up(const std::vector<std::string_view>& ids,
               const std::function<void(std::size_t, const KnownVideo*)>& use) const;
  [[nodiscard]] std::vector<VideoRow> videos() const;
  /// Calls use(id, path) on every video, in no order.
  void for_each_id(const std::function<void(const std::string& id, const std::string& path)>& use) const;
  /// The id in the store of the video with this name, however Unicode composes it; or `name` itself if it is
  /// an id. nullopt: none. Throws Error(Mismatch) when several names differ from it in their composition
  /// alone.
  [[nodiscard]] std::optional<std::string> id_of_name(const std::string& name) const;

  /// Fresh: tried with this recipe and exactly this content, whatever the outcome.
  [[nodiscard]] bool is_fresh(const std::string& video_id, const Digest& content, std::int64_t recipe) const;

  /// Whether the video has features of this recipe.
  [[nodiscard]] bool has_features(const std::string& video_id, std::int64_t recipe) const;

  /// All videos with features of this recipe, in order of id. Does not read the features.
  [[nodiscard]] std::vector<FeaturedVideo> featured_videos(std::int64_t recipe) const;

  /// Writes everything or nothing. Features and outcomes of other recipes stay, unless the video's content
  /// has changed: then they are dropped, because they describe a file that no longer exists. A file that
  /// could not be read (empty content) counts as unchanged: existing features and their outcomes stay, and
  /// its other lanes are recorded as failed. An import (Status::Imported) is independent of the video file:
  /// its fingerprint's content is that of the feature file, and adding or removing it does not affect other
  /// recipes.
  void write(const VideoOutcome& outcome);

  /// Drops outcomes and features, so that the next extraction computes them again. All or none.
  struct RowName {
    std::string video_id;
    std::int64_t recipe = 0;
  };
  void forget(const std::vector<RowName>& rows);

  /// Drops videos and recipes without outcomes.
  void drop_unused();

  /// Rewrites the file without its free pages; temporarily needs the same space again.
  void compact();

  /// Records a new path or modification time of an unchanged file, so that it is not hashed again.
  void touch(const VideoSource& source, const SourceFingerprint& fingerprint);

  /// Features of one lane; nullopt if there are none. Checks the stored hash: Error(Corrupt) names the row.
  [[nodiscard]] std::optional<FeatureSequence> read(const std::string& video_id, std::int64_t recipe) const;

  /// The rows of one lane as they are stored; nullopt if there are none. Their hash is not looked at: for
  /// rows that read() has found intact before. Throws Error(Corrupt) where their size is not what it says.
  [[nodiscard]] std::optional<HalfRows> read_rows(const std::string& video_id, std::int64_t recipe) const;

  /// sha256 over the identities and hashes of all features in order of video and recipe: equal content gives
  /// an equal digest, whatever the order of writing, crashes or shards.
  [[nodiscard]] Digest content_digest() const;

  /// Moves the write-ahead log into the file; call after each stage.
  void checkpoint();

 private:
  explicit FeatureStore(std::unique_ptr<FeatureReader> reader);
  [[nodiscard]] StoreFile& file() const;

  std::unique_ptr<FeatureReader> reader_;
  StoreFile* file_ = nullptr;  // what reader_ holds, where that is one file
};

}  // namespace tvr
