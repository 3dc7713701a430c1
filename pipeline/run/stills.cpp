#include "pipeline/run/stills.h"

#include "data/error.h"

namespace tvr {
namespace {

constexpr std::int64_t kMostBytes = 64 << 20;

/// "stil": marks the file as ours, so that no other database is ever written to.
constexpr std::int64_t kApplication = 0x7374696c;
constexpr const char* kSchema =
    "PRAGMA synchronous = OFF;"
    "PRAGMA application_id = 0x7374696c;"
    "CREATE TABLE IF NOT EXISTS still ("
    "  id INTEGER PRIMARY KEY, features TEXT NOT NULL, at INTEGER NOT NULL, jpeg BLOB NOT NULL,"
    "  UNIQUE (features, at))";

/// Null for what is not our cache. A run's folder may come from a stranger: nothing is opened through a link,
/// and no FIFO is waited for.
std::unique_ptr<Database> opened(const std::filesystem::path& file, Database::Open mode) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::symlink_status(file, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) return nullptr;
  try {
    auto database = std::make_unique<Database>(file, mode);
    const bool is_new = database->integer("SELECT count(*) FROM sqlite_master") == 0;
    if (is_new && mode == Database::Open::Create) database->run(kSchema);
    if (database->integer("PRAGMA application_id") != kApplication) return nullptr;
    // A view could compute for ever.
    const bool is_table =
        database->integer("SELECT count(*) FROM sqlite_master WHERE name = 'still' AND type = 'table'") == 1;
    return is_table ? std::move(database) : nullptr;
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

Stills::Stills(const std::filesystem::path& run) {
  const std::filesystem::path file = run / "stills.db";
  database_ = opened(file, Database::Open::Create);
  writable_ = database_ != nullptr;
  if (!writable_) database_ = opened(file, Database::Open::ReadOnly);
}

void Stills::keep(const Digest& features, Micros at, const std::string& jpeg) {
  const MutexLock lock(mutex_);
  if (!writable_ || jpeg.empty()) return;
  try {
    Transaction transaction(*database_);
    Statement(*database_, "INSERT OR IGNORE INTO still (features, at, jpeg) VALUES (?, ?, ?)")
        .run(features, std::int64_t{at.count()}, Blob{jpeg.data(), jpeg.size()});
    while (database_->integer("SELECT ifnull(sum(length(jpeg)), 0) FROM still") > kMostBytes) {
      database_->run("DELETE FROM still WHERE id IN (SELECT id FROM still ORDER BY id LIMIT 100)");
    }
    transaction.commit();
  } catch (const Error&) {  // a full disk, another program: keep what there is
    writable_ = false;
  }
}

std::string Stills::nearest(const Digest& features, Micros at, const TimeSpan& within) {
  const MutexLock lock(mutex_);
  std::string jpeg;
  if (database_ == nullptr) return jpeg;
  try {
    Statement(*database_,
              "SELECT jpeg FROM still WHERE features = ? AND at >= ? AND at <= ? AND length(jpeg) <= 1048576 "
              "ORDER BY abs(at - ?), id LIMIT 1")
        .for_each([&](const Statement& row) { jpeg = row.blob(0); }, features,
                  std::int64_t{within.start.count()}, std::int64_t{within.end.count()},
                  std::int64_t{at.count()});
  } catch (const Error&) {  // damaged: treated as empty
    jpeg.clear();
  }
  return jpeg;
}

}  // namespace tvr
