#include "data/store/store_merge.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "data/error.h"
#include "data/store/feature_hash.h"
#include "data/store/sqlite.h"
#include "data/store/store_lock.h"
#include "data/store/store_schema.h"

namespace tvr {
namespace {

/// Scans the videos by their index, so that nothing is sorted and memory use does not depend on the store's
/// size.
std::string all_of(Database& part) {
  return "SELECT v.name, v.path, v.bytes, v.mtime_ns, v.content, r.identity, o.content, o.status, o.message, "
         "o.decoded_frames, o.expected_frames, o.duration_s, o.seconds, o.first_frame_only, o.finished_at, "
         "f.row_count, f.dim, f.hash, v.id, r.id FROM video v CROSS JOIN outcome o ON o.video = v.id "
         "CROSS JOIN recipe r ON r.id = o.recipe LEFT JOIN " +
         feature_summary(part) + " ON f.video = o.video AND f.recipe = o.recipe ORDER BY v.name";
}

/// The target's outcome for one video and recipe.
struct Present {
  bool outcome = false;
  std::string content;
  Digest hash;  // empty: no features
};

bool is_better(const std::string& content, const Digest& hash, const Present& present) {
  if (!present.outcome) return true;
  if (hash.empty() != present.hash.empty()) return present.hash.empty();
  if (!hash.empty()) return hash < present.hash;
  return present.content.empty() && !content.empty();  // a tried file beats an unreadable one
}

/// Adds one part to the target.
class PartMerger {
 public:
  PartMerger(Database& target, Database& part, std::string part_name, Damaged damaged)
      : damaged_(damaged), part_name_(std::move(part_name)), part_(part), target_(target) {}

  MergeReport run(const Progress& progress) {
    MergeReport report;
    const std::int64_t total = part_.integer("SELECT count(*) FROM outcome");
    copy_recipes();
    Queries queries{target_, part_};
    std::optional<Transaction> batch;
    Statement(part_, all_of(part_).c_str()).for_each([&](const Statement& row) {
      constexpr std::int64_t kBatch = 256;  // rows per commit: each waits for the disk
      if (report.outcomes % kBatch == 0) {
        if (batch) batch->commit();
        batch.reset();
        if (progress && !progress({"merge", report.outcomes, total}))
          throw Error(Fault::Interrupted, part_name_, "the merge was stopped", "Run it again to continue");
        batch.emplace(target_);
      }
      ++report.outcomes;
      if (take(queries, row)) ++report.taken;
    });
    if (batch) batch->commit();
    target_.run("PRAGMA wal_checkpoint(TRUNCATE)");
    target_.require_in_place();
    report.damaged = left_out_;
    return report;
  }

 private:
  struct Queries {
    Database& target;
    Database& part;
    Statement read_feature{part, "SELECT times, halves FROM feature WHERE video = ? AND recipe = ?"};
    Statement find_content{target, "SELECT id, content FROM video WHERE name = ?"};
    Statement find_present{target,
                           "SELECT o.content, coalesce(f.hash, '') FROM outcome o LEFT JOIN feature f ON "
                           "f.video = o.video AND f.recipe = o.recipe WHERE o.video = ? AND o.recipe = ?"};
    Statement put_video{target,
                        "INSERT INTO video (name, path, bytes, mtime_ns, content) VALUES (?, ?, ?, ?, ?) "
                        "ON CONFLICT (name) DO UPDATE SET path = excluded.path, bytes = excluded.bytes, "
                        "mtime_ns = excluded.mtime_ns, content = excluded.content"};
    Statement put_outcome{target, "INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
    Statement drop_feature{target, "DELETE FROM feature WHERE video = ? AND recipe = ?"};
    Statement put_feature{target,
                          "INSERT INTO feature (video, recipe, row_count, dim, hash, times, halves) VALUES "
                          "(?, ?, ?, ?, ?, ?, ?)"};
  };

  void copy_recipes() {
    Transaction transaction(target_);
    Statement put(
        target_,
        "INSERT INTO recipe (identity, lane, text, weights) VALUES (?, ?, ?, ?) ON CONFLICT (identity) DO "
        "NOTHING");
    Statement(part_, "SELECT identity, lane, text, weights FROM recipe ORDER BY id")
        .for_each([&](const Statement& row) { put.run(row.text(0), row.text(1), row.text(2), row.text(3)); });
    Statement(target_, "SELECT identity, id FROM recipe").for_each([&](const Statement& row) {
      recipes_.emplace(row.text(0), row.integer(1));
    });
    transaction.commit();
  }

  bool take(Queries& queries, const Statement& row) {
    if (row.text(0) != video_name_) {  // the outcomes of a video are consecutive
      video_ = video_for(queries, row);
      video_name_ = row.text(0);
    }
    const std::int64_t recipe = recipes_.at(row.text(5));
    Present present;
    queries.find_present.for_each(
        [&](const Statement& found) {
          present = {true, found.text(0), found.text(1)};
        },
        video_, recipe);
    const Digest hash = row.text(17);
    if (!is_better(row.text(6), hash, present)) return false;
    Blobs blobs;
    if (!hash.empty() && !read_blobs(queries, row, blobs)) return false;
    queries.put_outcome.run(video_, recipe, row.text(6), row.text(7), row.text(8), row.integer(9),
                            row.integer(10), row.real(11), row.real(12), row.integer(13), row.text(14));
    if (!present.hash.empty()) queries.drop_feature.run(video_, recipe);
    if (!hash.empty()) {
      queries.put_feature.run(video_, recipe, row.integer(15), row.integer(16), hash,
                              Blob{blobs.times.data(), blobs.times.size()},
                              Blob{blobs.halves.data(), blobs.halves.size()});
    }
    return true;
  }

  /// The target's row number for the video of `row`, inserted or updated.
  std::int64_t video_for(Queries& queries, const Statement& row) {
    const std::string name = row.text(0), content = row.text(4);
    std::int64_t id = 0;
    std::string known;
    queries.find_content.for_each(
        [&](const Statement& found) { id = found.integer(0), known = found.text(1); }, name);
    if (!known.empty() && !content.empty() && known != content) {
      throw Error(Fault::Mismatch, part_name_,
                  "video '" + name + "' has content " + content.substr(0, 12) +
                      "..., but the target store has " + known.substr(0, 12) + "...",
                  "Extract that video again into one of them, or leave this part out");
    }
    if (id == 0 || (known.empty() && !content.empty())) {
      queries.put_video.run(name, row.text(1), row.integer(2), row.integer(3), content);
      if (id == 0) id = target_.last_row();
    }
    return id;
  }

  struct Blobs {
    std::string times, halves;
  };
  /// The features of `row`; false if they are damaged and skipped.
  bool read_blobs(Queries& queries, const Statement& row, Blobs& blobs) {
    try {
      queries.read_feature.for_each(
          [&](const Statement& found) {
            blobs = {std::string(found.blob(0)), std::string(found.blob(1))};
          },
          row.integer(18), row.integer(19));
      if (feature_is_intact(row.integer(15), row.integer(16), blobs.times, blobs.halves, row.text(17)))
        return true;
      throw Error(
          Fault::Corrupt, part_name_, "the features of video '" + row.text(0) + "' do not match their hash",
          "Run `pipeline store verify --repair` on it and extract again, or merge with --skip-damaged");
    } catch (const Error& error) {  // also thrown for a damaged page
      if (error.fault() != Fault::Corrupt || damaged_ == Damaged::Refuse) throw;
    }
    ++left_out_;
    return false;
  }

  Damaged damaged_;
  std::int64_t left_out_ = 0;
  std::string part_name_;
  Database& part_;
  Database& target_;
  std::map<std::string, std::int64_t> recipes_;  // identity to the target's row number
  std::string video_name_;                       // of the last row, with the target's row number
  std::int64_t video_ = 0;
};

}  // namespace

class StoreMerger::Target {
 public:
  explicit Target(const std::filesystem::path& path) : lock_(path), database_(path, Database::Open::Create) {
    prepare_store_for_writing(database_, path.string().c_str());
  }
  [[nodiscard]] Database& database() noexcept { return database_; }

 private:
  StoreLock lock_;
  Database database_;
};

StoreMerger::StoreMerger(std::filesystem::path into) : into_(std::move(into)) {}
StoreMerger::~StoreMerger() = default;

MergeReport StoreMerger::add(const std::filesystem::path& part, const Progress& progress, Damaged damaged) {
  Database source(part, Database::Open::ReadOnly);  // first: a mistyped path creates no empty target
  check_store_schema(source, part.string().c_str());
  if (!target_) target_ = std::make_unique<Target>(into_);
  return PartMerger(target_->database(), source, part.string(), damaged).run(progress);
}

MergeReport merge_store(const std::filesystem::path& into, const std::filesystem::path& part,
                        const Progress& progress, Damaged damaged) {
  return StoreMerger(into).add(part, progress, damaged);
}

}  // namespace tvr
