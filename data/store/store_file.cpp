#include "data/store/store_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>

#include "data/error.h"
#include "data/store/feature_hash.h"
#include "data/store/sqlite.h"
#include "data/store/store_lock.h"
#include "data/store/store_schema.h"
#include "data/tensors/tensor.h"

namespace tvr {
namespace {

/// Start and end of each row as int64 microseconds.
std::vector<std::int64_t> packed(const std::vector<TimeSpan>& times) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(2 * times.size());
  for (const TimeSpan& span : times) {
    numbers.push_back(span.start.count());
    numbers.push_back(span.end.count());
  }
  return numbers;
}

std::string_view view_of(const Blob& blob) { return {static_cast<const char*>(blob.data), blob.size}; }

FeatureSequence unpacked(std::int64_t rows, std::int64_t dim, std::string_view times,
                         std::string_view halves) {
  FeatureSequence features;
  features.values = Matrix(rows, dim);
  std::vector<std::uint16_t> aligned(static_cast<std::size_t>(rows * dim));
  std::memcpy(aligned.data(), halves.data(), 2 * aligned.size());
  from_halves(aligned.data(), aligned.size(), features.values.data());
  for (std::int64_t i = 0; i < rows; ++i) {
    std::int64_t span[2];
    std::memcpy(span, times.data() + 16 * i, sizeof(span));
    features.times.push_back({Micros(span[0]), Micros(span[1])});
  }
  return features;
}

/// Whether version 0.1 recorded a killed decoder, an exhausted machine or a wall-clock limit as if it were a
/// property of the file.
constexpr const char* kMachineFailed =
    "o.status IN ('unreadable', 'timeout') AND (o.message IN ('its decoder crashed: Killed', "
    "'its decoder crashed: Terminated', 'its decoder crashed: Hangup', 'decoding took longer than allowed', "
    "'opening took longer than allowed') OR o.message LIKE 'its decoder could not be started%' "
    "OR o.message LIKE 'it no longer accepts work: %' OR o.message LIKE 'it does not take work any more: %' "
    "OR o.message LIKE 'cannot create a pipe: %' OR o.message LIKE 'cannot be opened: Too many open files%')";

/// One line per outcome of a video; recipe is NULL if it has none.
std::string every_known() {
  return std::string(
             "SELECT v.name, v.path, v.bytes, v.mtime_ns, v.content, o.recipe, o.content, "
             "f.recipe IS NOT NULL, v.id, ") +
         kMachineFailed +
         " FROM video v LEFT JOIN outcome o ON o.video = v.id "
         "LEFT JOIN feature f ON f.video = o.video AND f.recipe = o.recipe ORDER BY v.id";
}

std::string one_known() {
  return std::string(
             "SELECT v.name, v.path, v.bytes, v.mtime_ns, v.content, o.recipe, o.content, "
             "EXISTS (SELECT 1 FROM feature f WHERE f.video = v.id AND f.recipe = o.recipe), v.id, ") +
         kMachineFailed + " FROM video v LEFT JOIN outcome o ON o.video = v.id WHERE v.name = ?";
}

const std::string kContent =
    "SELECT v.name, r.identity, o.content, f.hash FROM video v CROSS JOIN feature f ON f.video = v.id "
    "CROSS JOIN outcome o ON o.video = f.video AND o.recipe = f.recipe "
    "CROSS JOIN recipe r ON r.id = f.recipe ";

/// Prepared once, because they run for every video.
struct Queries {
  Database& database;
  Statement find_known{database, one_known().c_str()};
  Statement find_row{database, "SELECT id FROM video WHERE name = ?"};
  Statement find_outcome{database,
                         "SELECT 1 FROM outcome WHERE video = (SELECT id FROM video WHERE name = ?) AND "
                         "recipe = ? AND content = ?"};
  Statement find_feature_hash{
      database,
      "SELECT hash FROM feature WHERE video = (SELECT id FROM video WHERE name = ?) AND recipe = ?"};
  Statement find_feature{database,
                         "SELECT row_count, dim, hash, times, halves FROM feature "
                         "WHERE video = (SELECT id FROM video WHERE name = ?) AND recipe = ?"};
  Statement find_rows{database,
                      "SELECT row_count, dim, length(halves), rowid FROM feature "
                      "WHERE video = (SELECT id FROM video WHERE name = ?) AND recipe = ?"};
  Statement put_video{database,
                      "INSERT INTO video (name, path, bytes, mtime_ns, content) VALUES (?, ?, ?, ?, ?) "
                      "ON CONFLICT (name) DO UPDATE SET path = excluded.path, bytes = excluded.bytes, "
                      "mtime_ns = excluded.mtime_ns, content = excluded.content"};
  Statement know_video{database,
                       "INSERT INTO video (name, path, bytes, mtime_ns, content) VALUES (?, ?, 0, 0, '') "
                       "ON CONFLICT (name) DO NOTHING"};
  Statement drop_other{database,
                       "DELETE FROM outcome WHERE video = ? AND content <> ? AND status <> 'imported'"};
  Statement drop_orphans{
      database,
      "DELETE FROM feature WHERE video = ?1 AND recipe NOT IN (SELECT recipe FROM outcome WHERE video = ?1)"};
  Statement find_recipe{database, "SELECT id, identity FROM recipe WHERE id = ? OR identity = ?"};
  Statement put_recipe{database,
                       "INSERT INTO recipe (id, identity, lane, text, weights) VALUES (?, ?, ?, ?, ?)"};
  Statement put_outcome{
      database,
      "INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ'))"};
  Statement drop_outcome{database, "DELETE FROM outcome WHERE video = ? AND recipe = ?"};
  Statement drop_feature{database, "DELETE FROM feature WHERE video = ? AND recipe = ?"};
  Statement put_feature{database,
                        "INSERT INTO feature (video, recipe, row_count, dim, hash, times, halves) VALUES "
                        "(?, ?, ?, ?, ?, ?, zeroblob(?))"};
};

class ConnectedFile final : public StoreFile {
 public:
  ConnectedFile(const std::filesystem::path& path, FeatureStore::Access access)
      : path_(path.string()),
        lock_(access == FeatureStore::Access::ReadWrite ? std::make_unique<StoreLock>(path) : nullptr),
        database_(path, access == FeatureStore::Access::ReadWrite ? Database::Open::Create
                                                                  : Database::Open::ReadOnly) {
    if (access == FeatureStore::Access::ReadWrite)
      prepare_store_for_writing(database_, path_.c_str());
    else
      check_store_schema(database_, path_.c_str());
    queries_.reset(new Queries{database_});
  }

  std::int64_t add_recipe(const Recipe& recipe) override {
    const Digest identity = recipe.identity();
    std::int64_t id = 0, last = 0;
    const auto consider = [&](std::int64_t row, const Digest& its_identity) {
      if (its_identity == identity) id = row;
      last = std::max(last, row);
    };
    Statement(database_, "SELECT id, identity FROM recipe").for_each([&](const Statement& row) {
      consider(row.integer(0), row.text(1));
    });
    for (const auto& [row, added] : added_recipes_) consider(row, added.identity());
    if (id == 0) id = last + 1;
    added_recipes_.emplace(id, recipe);
    return id;
  }

  std::vector<RecipeRow> recipes() override {
    std::vector<RecipeRow> rows;
    Statement(database_,
              "SELECT id, lane, text, weights, (SELECT dim FROM feature WHERE recipe = recipe.id AND "
              "dim BETWEEN 1 AND 500000000 "  // a blob has at most 10^9 bytes, a value two
              "GROUP BY dim ORDER BY count(*) DESC, dim LIMIT 1), "
              "(SELECT count(*) FROM feature WHERE recipe = recipe.id) FROM recipe ORDER BY id")
        .for_each([&](const Statement& row) {
          rows.push_back(
              {row.integer(0), {row.text(1), row.text(2), row.text(3)}, row.integer(4), row.integer(5)});
        });
    return rows;
  }

  std::optional<KnownVideo> known(const std::string& id) override {
    std::optional<KnownVideo> found;
    queries_->find_known.for_each(
        [&](const Statement& row) {
          if (!found) found = KnownVideo{video_of(row), {}};
          add_try(*found, row);
        },
        id);
    return found;
  }

  void look_up(const std::vector<std::string_view>& ids,
               const std::function<void(std::size_t, const KnownVideo*)>& use) override {
    constexpr std::int64_t kScanIsFaster = 8;  // a full scan costs this much less per video than a lookup
    if (static_cast<std::int64_t>(ids.size()) * kScanIsFaster <
        database_.integer("SELECT count(*) FROM video")) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::optional<KnownVideo> found = known(std::string(ids[i]));
        use(i, found ? &*found : nullptr);
      }
      return;
    }
    std::unordered_map<std::string_view, std::size_t> places;
    places.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) places.emplace(ids[i], i);
    constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
    std::vector<bool> seen(ids.size());
    KnownVideo met;  // of ids[place], while its rows arrive
    std::size_t place = kNowhere;
    const auto pass = [&] {
      if (place == kNowhere) return;
      seen[place] = true;
      use(place, &met);
    };
    // In file order: in name order every lookup would hit another page.
    std::int64_t id = -1;
    Statement(database_, every_known().c_str()).for_each([&](const Statement& row) {
      if (row.integer(8) != id) {
        pass();
        id = row.integer(8);
        const auto found = places.find(row.blob(0));
        place = found == places.end() ? kNowhere : found->second;
        if (place != kNowhere) met = {video_of(row), {}};
      }
      if (place != kNowhere) add_try(met, row);
    });
    pass();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!seen[i]) use(i, nullptr);
    }
  }

  std::vector<VideoRow> videos() override {
    std::vector<VideoRow> rows;
    Statement(database_, "SELECT name, path, bytes, mtime_ns, content FROM video ORDER BY name")
        .for_each([&](const Statement& row) { rows.push_back(video_of(row)); });
    return rows;
  }

  void for_each_id(const std::function<void(const std::string& id, const std::string& path)>& use) override {
    Statement(database_, "SELECT name, path FROM video").for_each([&](const Statement& row) {
      use(row.text(0), row.text(1));
    });
  }

  std::optional<std::string> id_of_name(const std::string& name) override {
    for (const std::string& id : {escape_video_id(name), name})
      if (row_of(id) != 0) return id;
    std::vector<std::string> ids;
    Statement(database_, "SELECT name FROM video WHERE composed_name(name) = ? LIMIT 2")
        .for_each([&](const Statement& row) { ids.push_back(row.text(0)); }, composed(name));
    if (ids.size() > 1)
      throw Error(Fault::Mismatch, path_,
                  "two videos have the name '" + name + "', composed otherwise in Unicode",
                  "Copy the name from `pipeline store ls`");
    return ids.empty() ? std::nullopt : std::optional(ids.front());
  }

  bool is_fresh(const std::string& video_id, const Digest& content, std::int64_t recipe) override {
    bool fresh = false;
    queries_->find_outcome.for_each([&](const Statement&) { fresh = true; }, video_id, recipe, content);
    return fresh && !content.empty();
  }

  bool has_features(const std::string& video_id, std::int64_t recipe) override {
    bool has = false;
    queries_->find_feature_hash.for_each([&](const Statement&) { has = true; }, video_id, recipe);
    return has;
  }

  std::vector<FeaturedVideo> featured_videos(std::int64_t recipe) override {
    std::vector<FeaturedVideo> videos;
    Statement(database_,
              "SELECT v.name, v.path, f.hash FROM feature f JOIN video v ON v.id = f.video "
              "WHERE f.recipe = ? ORDER BY v.name")
        .for_each(
            [&](const Statement& row) {
              videos.push_back({{row.text(0), row.text(1)}, row.text(2)});
            },
            recipe);
    return videos;
  }

  void keep_shard_count(std::uint64_t count) override {
    Transaction transaction(database_);
    const auto kept = static_cast<std::uint64_t>(database_.integer("SELECT count FROM shards"));
    if (kept != 0 && kept != count) {
      throw Error(Fault::Mismatch, path_,
                  "it holds videos of one of " + std::to_string(kept) + " shards, and --shard names one of " +
                      std::to_string(count) + ": they would be parts of two kinds",
                  "Pass --shard I/" + std::to_string(kept) + ", or write to another store");
    }
    if (kept == 0) database_.run(("INSERT INTO shards VALUES (1, " + std::to_string(count) + ")").c_str());
    transaction.commit();
  }

  void write(const VideoOutcome& outcome) override {
    Transaction transaction(database_);
    const bool imported = outcome.status == Status::Imported;
    const bool unread = !imported && outcome.fingerprint.content.empty();
    if (unread || imported)
      queries_->know_video.run(outcome.source.id, outcome.source.path.string());
    else
      put_video(outcome.source, outcome.fingerprint);
    const std::int64_t video = row_of(outcome.source.id);
    if (!unread && !imported) {
      queries_->drop_other.run(video, outcome.fingerprint.content);
      queries_->drop_orphans.run(video);
    }
    for (const VideoOutcome::Lane& lane : outcome.lanes) {
      if (unread && has_features(outcome.source.id, lane.recipe)) continue;
      put_recipe(lane.recipe);
      queries_->put_outcome.run(video, lane.recipe, outcome.fingerprint.content,
                                std::string(kStatuses.name(outcome.status)), outcome.message,
                                outcome.decoded_frames, outcome.expected_frames, outcome.duration_s,
                                outcome.seconds, std::int64_t{outcome.first_frame_only});
      queries_->drop_feature.run(video, lane.recipe);
      if (lane.features.rows() > 0) put_feature(video, lane);
    }
    transaction.commit();
  }

  void forget(const std::vector<FeatureStore::RowName>& rows) override {
    Transaction transaction(database_);
    for (const FeatureStore::RowName& row : rows) {
      const std::int64_t video = row_of(row.video_id);
      queries_->drop_feature.run(video, row.recipe);
      queries_->drop_outcome.run(video, row.recipe);
    }
    transaction.commit();
  }

  void drop_unused() override {
    Transaction transaction(database_);
    database_.run(
        "DELETE FROM video WHERE NOT EXISTS (SELECT 1 FROM outcome o WHERE o.video = video.id); "
        "DELETE FROM recipe WHERE NOT EXISTS (SELECT 1 FROM outcome o WHERE o.recipe = recipe.id)");
    transaction.commit();
  }

  void compact() override {
    database_.accept_smaller();
    // SQLite's copy is beside the store, where there is room for it: /tmp is often small.
    database_.run(("PRAGMA temp_store_directory = " +
                   sql_literal(std::filesystem::absolute(path_).parent_path().string()))
                      .c_str());
    const bool is_older = database_.integer("PRAGMA page_size") != kStorePageBytes;
    if (is_older) {  // the page size of a file with a write-ahead log is fixed
      database_.run("PRAGMA journal_mode = DELETE");
      database_.run(("PRAGMA page_size = " + std::to_string(kStorePageBytes)).c_str());
    }
    database_.run("VACUUM");
    if (is_older) database_.run("PRAGMA journal_mode = WAL");
    checkpoint();
  }

  void touch(const VideoSource& source, const SourceFingerprint& fingerprint) override {
    put_video(source, fingerprint);
  }

  std::optional<FeatureSequence> read(const std::string& video_id, std::int64_t recipe) override {
    std::optional<FeatureSequence> features;
    queries_->find_feature.for_each(
        [&](const Statement& row) {
          const std::int64_t rows = row.integer(0), dim = row.integer(1);
          const std::string_view times = row.blob(3), halves = row.blob(4);
          if (!feature_is_intact(rows, dim, times, halves, row.text(2))) {
            throw Error(Fault::Corrupt, path_,
                        "the features of video '" + video_id + "' do not match their hash",
                        "The file is damaged: `pipeline store verify --repair` drops such rows; extract them "
                        "again afterwards");
          }
          features = unpacked(rows, dim, times, halves);
        },
        video_id, recipe);
    return features;
  }

  std::optional<HalfRows> read_rows(const std::string& video_id, std::int64_t recipe) override {
    std::optional<HalfRows> rows;
    queries_->find_rows.for_each(
        [&](const Statement& row) {
          rows = HalfRows{row.integer(0), row.integer(1), {}};
          const std::int64_t bytes = row.integer(2);
          constexpr std::int64_t kMostNumbers = 500'000'000;  // a blob has at most 10^9 bytes
          if (rows->rows < 0 || rows->dim < 1 || rows->rows > kMostNumbers / rows->dim ||
              bytes != rows->rows * rows->dim * 2) {
            throw Error(Fault::Corrupt, path_,
                        "the features of video '" + video_id + "' are not of the size that they say",
                        "The file is damaged: `pipeline store verify --repair` drops such rows; extract them "
                        "again afterwards");
          }
          const auto size = static_cast<std::size_t>(bytes);
          rows->halves.reset(new std::uint16_t[size / 2]);  // not zeroed: all of it is read
          read_blob(database_, "feature", "halves", row.integer(3), rows->halves.get(), size);
        },
        video_id, recipe);
    return rows;
  }

  Digest content_digest() override {
    ContentDigest digest;
    Statement(database_, (kContent + "ORDER BY v.name, r.identity").c_str())
        .for_each([&](const Statement& row) { digest.add(content_of(row)); });
    return digest.digest();
  }

  std::vector<ContentRow> content_after(const std::string& id, std::int64_t limit) override {
    std::vector<ContentRow> rows;
    Statement(
        database_,
        (kContent +
         "WHERE v.name > ?1 AND v.name <= (SELECT max(name) FROM (SELECT name FROM video w WHERE name > ?1 "
         "AND EXISTS (SELECT 1 FROM feature WHERE video = w.id) ORDER BY name LIMIT ?2)) "
         "ORDER BY v.name, r.identity")
            .c_str())
        .for_each([&](const Statement& row) { rows.push_back(content_of(row)); }, id, limit);
    return rows;
  }

  std::unique_ptr<FeatureReader> another() override {
    return open_store_file(path_, FeatureStore::Access::ReadOnly);
  }

  void checkpoint() override {
    database_.require_in_place();
    database_.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database_.require_in_place();
  }

 private:
  static void add_try(KnownVideo& video, const Statement& row) {
    const std::int64_t recipe = row.integer(5);  // 0: no outcome
    if (recipe != 0) video.tries.push_back({recipe, row.text(6), row.integer(7) != 0, row.integer(9) != 0});
  }

  static ContentRow content_of(const Statement& row) {
    return {row.text(0), row.text(1), row.text(2), row.text(3)};
  }

  static VideoRow video_of(const Statement& row) {
    return {{row.text(0), row.text(1)}, {row.integer(2), row.integer(3), row.text(4)}};
  }

  void put_video(const VideoSource& source, const SourceFingerprint& fingerprint) {
    queries_->put_video.run(source.id, source.path.string(), fingerprint.bytes, fingerprint.mtime_ns,
                            fingerprint.content);
  }

  void put_recipe(std::int64_t id) {
    const auto added = added_recipes_.find(id);
    if (added == added_recipes_.end()) return;  // was already in the store
    const Recipe& recipe = added->second;
    const Digest identity = recipe.identity();
    bool present = false;
    queries_->find_recipe.for_each(
        [&](const Statement& row) {
          present = row.integer(0) == id && row.text(1) == identity;
          if (present) return;
          throw Error(Fault::Mismatch, path_,
                      "another program has written recipes to the store while this one wrote features",
                      "Let one program write a store at a time, and run the same command again");
        },
        id, identity);
    if (!present) queries_->put_recipe.run(id, identity, recipe.lane, recipe.text, recipe.weights);
  }

  std::int64_t row_of(const std::string& video_id) {
    std::int64_t id = 0;
    queries_->find_row.for_each([&](const Statement& row) { id = row.integer(0); }, video_id);
    return id;
  }

  void put_feature(std::int64_t video, const VideoOutcome::Lane& lane) {
    const std::vector<std::int64_t> numbers = packed(lane.features.times);
    const Blob times{numbers.data(), numbers.size() * sizeof(std::int64_t)};
    const std::int64_t rows = lane.features.rows(), dim = lane.features.dim;
    Sha256 halves;
    lane.features.for_each_piece([&](std::string_view piece) { halves.add(piece); });
    queries_->put_feature.run(video, lane.recipe, rows, dim,
                              feature_hash_of_digests(rows, dim, sha256(view_of(times)), halves.finish()),
                              times, rows * dim * 2);
    BlobWriter writer(database_, "feature", "halves", database_.last_row());
    lane.features.for_each_piece([&](std::string_view piece) { writer.write(piece); });
  }

  std::string path_;
  std::unique_ptr<StoreLock> lock_;
  Database database_;
  std::unique_ptr<Queries> queries_;
  std::map<std::int64_t, Recipe> added_recipes_;  // by row number; written to the file or not yet
};

}  // namespace

void ContentDigest::add(const ContentRow& row) {
  digest_ = sha256(digest_ + row.video + '\0' + row.recipe + row.content + row.hash);
}

std::unique_ptr<StoreFile> open_store_file(const std::filesystem::path& path, FeatureStore::Access access) {
  return std::make_unique<ConnectedFile>(path, access);
}

}  // namespace tvr
