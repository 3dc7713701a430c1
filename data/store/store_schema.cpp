// data/store/FORMAT.md describes each column.
#include "data/store/store_schema.h"

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "data/error.h"
#include "data/store/sqlite.h"

namespace tvr {
namespace {

/// Each step migrates a store from the previous version; the first creates version 1 in an empty file. A new
/// store goes through all steps, so that it cannot differ from a migrated one.
constexpr std::array<const char*, kStoreVersion> kSteps = {R"sql(
CREATE TABLE recipe (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  lane TEXT NOT NULL,
  text TEXT NOT NULL,
  weights TEXT NOT NULL
) STRICT;
CREATE TABLE video (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  content TEXT NOT NULL
) STRICT;
CREATE TABLE outcome (
  video INTEGER NOT NULL REFERENCES video (id),
  recipe INTEGER NOT NULL REFERENCES recipe (id),
  content TEXT NOT NULL,
  status TEXT NOT NULL,
  message TEXT NOT NULL,
  decoded_frames INTEGER NOT NULL,
  expected_frames INTEGER NOT NULL,
  duration_s REAL NOT NULL,
  seconds REAL NOT NULL,
  first_frame_only INTEGER NOT NULL,
  finished_at TEXT NOT NULL,
  PRIMARY KEY (video, recipe)
) STRICT, WITHOUT ROWID;
CREATE TABLE feature (
  video INTEGER NOT NULL REFERENCES video (id),
  recipe INTEGER NOT NULL REFERENCES recipe (id),
  row_count INTEGER NOT NULL,
  dim INTEGER NOT NULL,
  hash TEXT NOT NULL,
  times BLOB NOT NULL,
  halves BLOB NOT NULL,
  PRIMARY KEY (video, recipe)
) STRICT;
CREATE INDEX feature_by_recipe ON feature (recipe, dim);
CREATE INDEX outcome_by_status ON outcome (status);
CREATE VIEW videos AS
  SELECT v.name AS video, r.lane, o.status, f.row_count AS feature_rows, f.dim, o.duration_s, o.decoded_frames,
         o.expected_frames, o.message, v.path
  FROM outcome o JOIN video v ON v.id = o.video JOIN recipe r ON r.id = o.recipe
  LEFT JOIN feature f ON f.video = o.video AND f.recipe = o.recipe;
CREATE VIEW features AS
  SELECT v.name AS video, r.lane, f.row_count AS feature_rows, f.dim, f.hash, r.identity AS recipe, v.content
  FROM feature f JOIN video v ON v.id = f.video JOIN recipe r ON r.id = f.recipe;
CREATE VIEW failures AS
  SELECT v.name AS video, r.lane, o.status, o.message, o.decoded_frames, o.expected_frames, v.path
  FROM outcome o JOIN video v ON v.id = o.video JOIN recipe r ON r.id = o.recipe
  WHERE o.status <> 'ok';
CREATE VIEW progress AS
  SELECT r.lane, o.status, count(*) AS videos, sum(o.duration_s) AS video_seconds, sum(o.seconds) AS work_seconds
  FROM outcome o JOIN recipe r ON r.id = o.recipe GROUP BY r.lane, o.status;
)sql",
                                                           R"sql(
DROP INDEX outcome_by_status;
CREATE INDEX outcome_by_recipe ON outcome (recipe, status);
CREATE INDEX feature_by_video ON feature (video, recipe, row_count, dim, hash);
DROP VIEW failures;
CREATE VIEW failures AS
  SELECT v.name AS video, r.lane, o.status, o.message, o.decoded_frames, o.expected_frames, v.path
  FROM outcome o JOIN video v ON v.id = o.video JOIN recipe r ON r.id = o.recipe
  WHERE o.status NOT IN ('ok', 'imported');
)sql",
                                                           R"sql(
CREATE TABLE shards (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  count INTEGER NOT NULL CHECK (count > 0)
) STRICT;
)sql"};

using Item = std::tuple<std::string, std::string, std::string>;  // type, name, SQL

std::set<Item> items_of(Database& database) {
  std::set<Item> items;
  Statement(database,
            "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")
      .for_each([&](const Statement& row) { items.emplace(row.text(0), row.text(1), row.text(2)); });
  return items;
}

/// Runs the steps from one version to another.
void upgrade(Database& database, std::int64_t from, std::int64_t to) {
  Transaction transaction(database);
  for (std::int64_t step = from; step < to; ++step) database.run(kSteps.at(static_cast<std::size_t>(step)));
  database.run(("PRAGMA application_id = " + std::to_string(kStoreApplicationId)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(to)).c_str());
  transaction.commit();
}

/// What a store of `version` has.
const std::set<Item>& items_of_version(std::int64_t version) {
  static const std::vector<std::set<Item>> items = [] {
    std::vector<std::set<Item>> by_version(1);
    for (int known = 1; known <= kStoreVersion; ++known) {
      Database ours(":memory:", Database::Open::Create);
      create_store_schema(ours, known);
      by_version.push_back(items_of(ours));
    }
    return by_version;
  }();
  return items[static_cast<std::size_t>(version)];
}

std::int64_t version_of(Database& database, const char* name) {
  if (database.integer("PRAGMA page_count") == 0)
    throw Error(Fault::Corrupt, name, "is empty", "Extract into it, or restore the last good copy");
  if (database.integer("PRAGMA application_id") != kStoreApplicationId) {
    throw Error(Fault::Unsupported, name, "it is an SQLite file of another program",
                "Name a store of this program");
  }
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version > kStoreVersion) {
    throw Error(Fault::Unsupported, name,
                "the store has version " + std::to_string(version) + ", this program supports up to " +
                    std::to_string(kStoreVersion),
                "Use a newer `pipeline`");
  }
  if (version < 1) {
    throw Error(Fault::Corrupt, name, "the store has the invalid version " + std::to_string(version),
                "Restore the last good copy, or extract again");
  }
  return version;
}

}  // namespace

void create_store_schema(Database& database, int version) { upgrade(database, 0, version); }

void check_store_schema(Database& database, const char* name) {
  const std::int64_t version = version_of(database, name);
  const std::set<Item>& wanted = items_of_version(version);
  const std::set<Item> found = items_of(database);
  for (const Item& item : found) {
    if (wanted.count(item) == 0) {
      throw Error(Fault::Corrupt, name,
                  "its schema holds an unexpected " + std::get<0>(item) + " '" + std::get<1>(item) + "'",
                  "Do not trust this file: it may have been crafted");
    }
  }
  if (found.size() != wanted.size()) {
    throw Error(Fault::Corrupt, name, "tables of its schema are missing",
                "Restore the last good copy, or extract again");
  }
}

std::string feature_summary(Database& database) {
  return database.integer("PRAGMA user_version") >= 2 ? "feature f INDEXED BY feature_by_video" : "feature f";
}

void prepare_store_for_writing(Database& database, const char* name) {
  if (database.integer("SELECT count(*) FROM sqlite_schema") == 0) {
    database.run(("PRAGMA page_size = " + std::to_string(kStorePageBytes)).c_str());
    create_store_schema(database);
  }
  check_store_schema(database, name);
  database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
  const std::int64_t version = version_of(database, name);
  if (version < kStoreVersion) upgrade(database, version, kStoreVersion);
}

}  // namespace tvr
