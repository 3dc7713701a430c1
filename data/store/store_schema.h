#pragma once

#include <string>

namespace tvr {

/// "TVRS" as SQLite's application_id: identifies a store to `file` and to this program.
constexpr int kStoreApplicationId = 0x54565253;

/// Increase with every change of the schema, and add the migration step.
constexpr int kStoreVersion = 3;

/// Of new stores: the largest that SQLite has. A file ends at 2^30 pages, which are 4.4 TB of 4 KB and 70 TB
/// of these; and a video's features, a chain of pages, are read in half the time.
constexpr int kStorePageBytes = 65536;

class Database;

/// Creates the tables and views of `version` in an empty file.
void create_store_schema(Database& database, int version = kStoreVersion);

/// Throws unless `database` is a store of this or an older version with exactly our schema:
/// Error(Unsupported) for another program's file or a newer version, Error(Corrupt) naming what does not
/// belong (a trigger, a changed view, ...). What reading code uses exists in every version.
void check_store_schema(Database& database, const char* name);

/// "feature f" for a FROM clause, through the covering index of all columns but the blobs, if the store's
/// version has it: so that scanning many rows does not read the features.
[[nodiscard]] std::string feature_summary(Database& database);

/// Creates the schema in an empty file, or checks and migrates that of an existing one, and configures
/// durable writing (WAL, synchronous FULL). The caller must hold the StoreLock.
void prepare_store_for_writing(Database& database, const char* name);

}  // namespace tvr
