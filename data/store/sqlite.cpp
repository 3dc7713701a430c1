#include "data/store/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <exception>

#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/write_error.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kInMemory = ":memory:";

Fault fault_of(int rc) {
  switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fault::Busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
      return Fault::Corrupt;
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return Fault::Limit;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return Fault::Mismatch;
    case SQLITE_INTERRUPT:
      return Fault::Interrupted;
    default:
      return Fault::Unreadable;
  }
}

std::string advice_for(int rc) {
  switch (rc & 0xFF) {
    case SQLITE_IOERR:
      return "Check the disk, its quota and `ulimit -f`, and run the same command again";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "Wait until the other program has finished";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "Keep a copy of it, and restore the last good one, or extract again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "Check that the file and its folder exist and may be written";
    default:
      return {};
  }
}

/// The path as a URI, with special characters escaped. An absolute one has an empty authority, so that two
/// slashes at its beginning do not name a host.
std::string uri_of(const std::string& path) {
  static const char digits[] = "0123456789ABCDEF";
  std::string uri = path.front() == '/' ? "file://" : "file:";
  for (const char c : path) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#' || code < 0x20)
      uri += {'%', digits[code >> 4U], digits[code & 15U]};
    else
      uri += c;
  }
  return uri;
}

/// An immutable database is read without its write-ahead log: committed rows would be silently missing.
void require_empty_log(const std::string& name) {
  std::error_code none;
  const std::uintmax_t bytes = fs::file_size(name + "-wal", none);
  if (none || bytes == 0) return;
  throw Error(Fault::Unreadable, name,
              "its -wal file holds committed rows, which cannot be read in a read-only folder",
              "Copy the store and its -wal file to a writable folder, and open it there");
}

/// SQLite writes these beside a store, by name: a stranger's folder must not make them somebody else's files.
void require_own_side_files(const fs::path& file) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    const fs::path side = file.string() + suffix;
    std::error_code unseen;
    const fs::file_status status = fs::symlink_status(side, unseen);
    if (!fs::exists(status)) continue;
    if (fs::is_regular_file(status) && fs::hard_link_count(side, unseen) <= 1) continue;
    throw Error(Fault::Unsupported, side.string(),
                "is a link or not a regular file, where SQLite keeps a file of the store",
                "Remove it, or copy the store and its -wal file to a folder of their own");
  }
}

/// Whether a log holds rows or pages that a connection which may write would move into the file.
bool is_unfinished(const std::string& name) {
  const auto has_bytes = [&](const char* suffix) {
    std::error_code none;
    const std::uintmax_t bytes = fs::file_size(name + suffix, none);
    return !none && bytes > 0;
  };
  return has_bytes("-wal") || has_bytes("-journal");
}

void require_one_name(const fs::path& file, const std::string& name) {
  std::error_code unseen;
  const std::uintmax_t names = fs::hard_link_count(file, unseen);
  if (unseen || names <= 1) return;
  throw Error(
      Fault::Unsupported, name,
      "the file has " + std::to_string(names) +
          " names (hard links); one that is written may have only one, or two programs could write it "
          "at once",
      "Write to a copy of it: cp STORE COPY");
}

std::string composed_name(const std::string& id) { return composed(video_name(id)); }
std::string listed_name(const std::string& id) { return composed(video_line(id)); }

/// An SQL function of a video's id.
template <std::string (*kText)(const std::string& id)>
void text_of_id(sqlite3_context* context, int, sqlite3_value** arguments) noexcept {
  const auto* id = reinterpret_cast<const char*>(sqlite3_value_text(arguments[0]));
  if (id == nullptr) return;
  const auto bytes = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
  try {
    const std::string text = kText({id, bytes});
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } catch (const std::exception&) {
    sqlite3_result_error_nomem(context);
  }
}

}  // namespace

fs::path resolved_store(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::directory) {
    throw Error(Fault::Unsupported, path.string(), "is a directory, not a regular file",
                fs::exists(path / "features.db", error) ? "Name its " + (path / "features.db").string()
                                                        : "Name a store, a file such as features.db");
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw Error(Fault::Unsupported, path.string(), "is a FIFO, socket or device, not a regular file",
                "Name a file on a disk: a store is read at many places at once");
  }
  if (fs::is_symlink(fs::symlink_status(path, error)) && !fs::exists(status) &&
      status.type() == fs::file_type::not_found) {
    throw Error(Fault::NotFound, path.string(),
                "is a link to " + fs::read_symlink(path, error).string() + ", which does not exist",
                "Name the file itself, or remove the link");
  }
  const fs::path whole = fs::weakly_canonical(path, error);
  return error ? path : whole;  // what cannot be seen, SQLite cannot open: it says why
}

std::string sql_literal(const std::string& text) {
  std::string literal = "'";
  for (const char c : text) literal += c == '\'' ? "''" : std::string(1, c);
  return literal + "'";
}

Database::Database(const fs::path& path, Open mode) : name_(path.string()) {
  if (name_ == kInMemory) {
    connect(name_, SQLITE_OPEN_READWRITE);
    return;
  }
  file_ = resolved_store(path);
  std::error_code unseen;  // if the file status cannot be read, SQLite reports why
  if (mode != Open::Create && !fs::exists(file_, unseen) && !unseen) {
    throw Error(Fault::NotFound, name_, "there is no such store",
                "Create it with `pipeline extract --store`");
  }
  require_own_side_files(file_);
  if (mode != Open::ReadOnly) require_one_name(file_, name_);
  const std::string uri = uri_of(file_.string());
  // SQLite makes a -wal and a -shm for every reader of a write-ahead store, and only a connection that may
  // write removes them when it is the last one. Ours writes nothing (query_only).
  const bool reads_as_writer = mode == Open::ReadOnly && !is_unfinished(file_.string());
  try {
    connect(uri, mode == Open::Create                         ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                 : mode == Open::ReadWrite || reads_as_writer ? SQLITE_OPEN_READWRITE
                                                              : SQLITE_OPEN_READONLY);
    if (mode == Open::ReadOnly) run("PRAGMA query_only = ON");
  } catch (const Error& error) {
    if (mode != Open::ReadOnly || error.fault() != Fault::Unreadable) throw;
    require_empty_log(file_.string());
    connect(uri + "?immutable=1",
            SQLITE_OPEN_READONLY);  // a write-ahead store on a read-only medium
  }
  bytes_ = fs::exists(file_, unseen) ? fs::file_size(file_) : 0;
}

void Database::require_in_place() {
  if (file_.empty()) return;
  int has_moved = 0;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  std::error_code unseen;
  const std::uintmax_t bytes = has_moved == 0 ? fs::file_size(file_, unseen) : 0;
  if (has_moved == 0 && !unseen && (bytes >= bytes_ || may_shrink_)) {
    bytes_ = bytes;
    return;
  }
  throw Error(Fault::Unreadable, name_,
              has_moved != 0 ? "the store was replaced or deleted while this program wrote it"
                             : "the store was truncated while this program wrote it",
              "What it wrote is lost: leave the file alone while a program runs, and run the same command "
              "again");
}

void Database::connect(const std::string& name, int flags) {
  const int rc =
      sqlite3_open_v2(name.c_str(), &handle_, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  try {
    if (rc != SQLITE_OK) fail(rc);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_busy_timeout(handle_, 5000);
    constexpr int kPure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    sqlite3_create_function_v2(handle_, "composed_name", 1, kPure, nullptr, &text_of_id<composed_name>,
                               nullptr, nullptr, nullptr);
    sqlite3_create_function_v2(handle_, "listed_name", 1, kPure, nullptr, &text_of_id<listed_name>, nullptr,
                               nullptr, nullptr);
    run("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;");
    (void)integer("SELECT count(*) FROM sqlite_schema");  // the first read: fails if this is not a database
  } catch (...) {
    sqlite3_close(handle_);
    handle_ = nullptr;
    throw;
  }
}

Database::~Database() { sqlite3_close(handle_); }

void Database::run(const char* sql) {
  const int rc = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) fail(rc);
}

std::int64_t Database::integer(const char* sql) {
  std::int64_t value = 0;
  Statement(*this, sql).for_each([&](const Statement& row) { value = row.integer(0); });
  return value;
}

std::int64_t Database::last_row() const noexcept { return sqlite3_last_insert_rowid(handle_); }

std::int64_t Database::changes() const noexcept { return sqlite3_changes64(handle_); }

void Database::fail(int rc) const {
  if ((rc & 0xFF) == SQLITE_FULL) throw write_error(name_, "cannot be written", ENOSPC);
  if ((rc & 0xFF) == SQLITE_IOERR && is_no_room(sqlite3_system_errno(handle_)))
    throw write_error(name_, "cannot be written", sqlite3_system_errno(handle_));
  const std::string words = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(rc);
  throw Error(fault_of(rc), name_, "SQLite says: " + words, advice_for(rc));
}

BlobWriter::BlobWriter(Database& database, const char* table, const char* column, std::int64_t row)
    : database_(database) {
  const int rc = sqlite3_blob_open(database.get(), "main", table, column, row, 1, &handle_);
  if (rc != SQLITE_OK) database.fail(rc);
}

BlobWriter::~BlobWriter() { sqlite3_blob_close(handle_); }

void BlobWriter::write(std::string_view piece) {
  const auto bytes = static_cast<int>(piece.size());
  if (const int rc = sqlite3_blob_write(handle_, piece.data(), bytes, written_); rc != SQLITE_OK) {
    database_.fail(rc);
  }
  written_ += bytes;
}

void read_blob(Database& database, const char* table, const char* column, std::int64_t row, void* to,
               std::size_t bytes) {
  sqlite3_blob* handle = nullptr;
  int rc = sqlite3_blob_open(database.get(), "main", table, column, row, 0, &handle);
  if (rc == SQLITE_OK) rc = sqlite3_blob_read(handle, to, static_cast<int>(bytes), 0);
  if (rc != SQLITE_OK) {
    sqlite3_blob_close(handle);
    database.fail(rc);
  }
  sqlite3_blob_close(handle);
}

Statement::Statement(Database& database, const char* sql) : database_(database) {
  const int rc = sqlite3_prepare_v3(database.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (rc != SQLITE_OK) database.fail(rc);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement::ResetOnExit::~ResetOnExit() {
  sqlite3_reset(statement.handle_);
  sqlite3_clear_bindings(statement.handle_);
}

void Statement::bind(int index, std::int64_t value) {
  if (const int rc = sqlite3_bind_int64(handle_, index, value); rc != SQLITE_OK) database_.fail(rc);
}

void Statement::bind(int index, double value) {
  if (const int rc = sqlite3_bind_double(handle_, index, value); rc != SQLITE_OK) database_.fail(rc);
}

void Statement::bind(int index, const std::string& value) {
  const int rc = sqlite3_bind_text64(handle_, index, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (rc != SQLITE_OK) database_.fail(rc);
}

void Statement::bind(int index, const Blob& value) {
  const int rc = value.size == 0 ? sqlite3_bind_zeroblob(handle_, index, 0)
                                 : sqlite3_bind_blob64(handle_, index, value.data, value.size, SQLITE_STATIC);
  if (rc != SQLITE_OK) database_.fail(rc);
}

bool Statement::step() {
  const int rc = sqlite3_step(handle_);
  if (rc == SQLITE_ROW) return true;
  if (rc != SQLITE_DONE) database_.fail(rc);
  return false;
}

std::int64_t Statement::integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }

double Statement::real(int column) const noexcept { return sqlite3_column_double(handle_, column); }

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
}

std::string_view Statement::blob(int column) const noexcept {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return bytes == nullptr
             ? std::string_view()
             : std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
}

Transaction::Transaction(Database& database) : database_(database) { database_.run("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.run("ROLLBACK");
  } catch (const Error&) {  // SQLite has rolled back already
  }
}

void Transaction::commit() {
  database_.require_in_place();
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace tvr
