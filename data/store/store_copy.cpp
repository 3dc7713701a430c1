#include "data/store/store_copy.h"

#include <sqlite3.h>

#include <vector>

#include "data/atomic_file.h"
#include "data/descriptor.h"
#include "data/error.h"
#include "data/store/sqlite.h"
#include "data/store/store_schema.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

void remove_files_beside(const fs::path& store) {
  for (const char* const ending : {"-wal", "-shm", "-journal"}) {
    std::error_code error;
    fs::remove(store.string() + ending, error);
  }
}

}  // namespace

bool has_begun(const fs::path& store) {
  Database database(store, Database::Open::ReadOnly);
  return database.integer("PRAGMA application_id") == kStoreApplicationId;
}

void back_up_store(const fs::path& from, const fs::path& to) {
  remove_store(to);
  Database source(from, Database::Open::ReadOnly);
  Database target(to, Database::Open::Create);
  sqlite3_backup* const backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
  if (backup == nullptr) target.fail(sqlite3_errcode(target.get()));
  const int step = sqlite3_backup_step(backup, -1);
  const int end = sqlite3_backup_finish(backup);
  if (end != SQLITE_OK) target.fail(end);
  if (step != SQLITE_DONE) target.fail(step);
}

void copy_closed_store(const fs::path& from, const fs::path& to) {
  const Descriptor source = open_regular(from);
  AtomicFile target(to);
  std::vector<char> piece(std::size_t{1} << 20);
  while (const std::size_t bytes = read_all(source, piece.data(), piece.size(), from.string()))
    target.write(piece.data(), bytes);
  remove_files_beside(to);
  target.commit();
}

void remove_store(const fs::path& store) {
  std::error_code error;
  fs::remove(store, error);
  remove_files_beside(store);
}

}  // namespace tvr
