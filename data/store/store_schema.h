#pragma once

#include <string>

namespace tvr {

/// "TVRS" as SQLite's application_id: what `file` and we know a store by.
constexpr int kStoreApplicationId = 0x54565253;

/// Raise with every change of the schema, and add the step that leads there.
constexpr int kStoreVersion = 2;

class Database;

/// Makes the tables and views of `version` in an empty file.
void create_store_schema(Database& database, int version = kStoreVersion);

/// Throws unless `database` is a store of this or an older version whose schema is exactly ours:
/// Error(Unsupported) for another program's file or a newer version, Error(Corrupt) naming what does not
/// belong (a trigger, a changed view, ...). What is read of a store is in every version.
void check_store_schema(Database& database, const char* name);

/// "feature f", by the index that holds all but its blobs where the store's version has one: so that looking
/// at many features does not touch them. For a FROM clause.
[[nodiscard]] std::string feature_summary(Database& database);

/// Makes the schema in an empty file, checks it in another and brings it to this version, and sets up durable
/// writing (WAL, synchronous FULL). For the holder of the StoreLock alone.
void prepare_store_for_writing(Database& database, const char* name);

}  // namespace tvr
