#pragma once

namespace tvr {

/// "TVRS" as SQLite's application_id: what `file` and we know a store by.
constexpr int kStoreApplicationId = 0x54565253;

/// Raise with every change of the schema.
constexpr int kStoreVersion = 1;

class Database;

/// Makes the tables and views in an empty file.
void create_store_schema(Database& database);

/// Throws unless `database` is a store of this version whose schema is exactly ours: Error(Unsupported) for
/// another program's file or a newer version, Error(Corrupt) naming what does not belong (a trigger, a
/// changed view, ...).
void check_store_schema(Database& database, const char* name);

/// Makes the schema in an empty file, checks it in another, and sets up durable writing (WAL, synchronous
/// FULL). For the holder of the StoreLock alone.
void prepare_store_for_writing(Database& database, const char* name);

}  // namespace tvr
