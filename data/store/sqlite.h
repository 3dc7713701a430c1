#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_blob;
struct sqlite3_stmt;

namespace tvr {

class Statement;

/// A connection to an untrusted file: no triggers, no functions called by its schema, no schema changes by
/// its content. Our statements have the functions composed_name(id), which is composed(video_name(id)), and
/// listed_name(id), which is composed(video_line(id)). Not thread-safe. Errors name the file and contain
/// SQLite's message.
class Database {
 public:
  enum class Open { ReadOnly, ReadWrite, Create };
  /// One that only reads leaves the file as it is and, if it can, no -wal or -shm beside it. A symbolic link
  /// is resolved first, so that all names of a file lead to one -wal. Throws
  /// Error(Unsupported) for a folder, FIFO or device, for one with several names (hard links) that is to be
  /// written, and for a -wal, -shm or -journal that is a link; Error(NotFound | Unreadable | Corrupt | Busy).
  Database(const std::filesystem::path& path, Open mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs one or more statements without parameters or results.
  void run(const char* sql);
  [[nodiscard]] std::int64_t integer(const char* sql);  // first column of the first row
  [[nodiscard]] std::int64_t last_row() const noexcept;
  [[nodiscard]] std::int64_t changes() const noexcept;  // rows changed by the last statement
  /// Throws Error(Unreadable) when the file was deleted, replaced or truncated since it was opened: what is
  /// written then is lost, without an error of SQLite's. Transaction::commit() calls it.
  void require_in_place();
  /// Does not take it for truncated when a checkpoint makes it smaller: this connection has rewritten it.
  void accept_smaller() noexcept { may_shrink_ = true; }
  [[nodiscard]] sqlite3* get() const noexcept { return handle_; }
  /// Throws the Error for the result code `rc` of an SQLite call.
  [[noreturn]] void fail(int rc) const;

 private:
  void connect(const std::string& name, int flags);
  std::string name_;            // as the caller has it, for messages
  std::filesystem::path file_;  // without links; empty: in memory
  std::uintmax_t bytes_ = 0;    // size of the file when it was last looked at
  bool may_shrink_ = false;
  sqlite3* handle_ = nullptr;
};

/// The file that a store's path leads to, all links resolved. Throws Error(Unsupported) for what is not a
/// regular file, Error(NotFound) for a link that leads nowhere. A file that does not exist yet is no error.
[[nodiscard]] std::filesystem::path resolved_store(const std::filesystem::path& path);

/// `text` as a literal of SQL.
[[nodiscard]] std::string sql_literal(const std::string& text);

/// Bytes bound without a copy: they must stay valid until the step is done.
struct Blob {
  const void* data = nullptr;
  std::size_t size = 0;
};

/// Fills an allocated blob of a row in pieces.
class BlobWriter {
 public:
  BlobWriter(Database& database, const char* table, const char* column, std::int64_t row);
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;
  void write(std::string_view piece);

 private:
  Database& database_;
  sqlite3_blob* handle_ = nullptr;
  int written_ = 0;
};

/// Copies the blob of a row to `to`, which has room for `bytes`, its size. As the value of a column it would
/// be copied once more.
void read_blob(Database& database, const char* table, const char* column, std::int64_t row, void* to,
               std::size_t bytes);

/// A prepared statement. run() and for_each() bind, step to the end and reset in one call.
class Statement {
 public:
  Statement(Database& database, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <class... Values>
  void run(const Values&... values) {
    for_each([](Statement&) {}, values...);
  }
  /// Calls `use(*this)` for every row; the columns are valid during the call only.
  template <class Use, class... Values>
  void for_each(const Use& use, const Values&... values) {
    const ResetOnExit guard{*this};
    int index = 0;
    (bind(++index, values), ...);
    while (step()) use(*this);
  }

  [[nodiscard]] std::int64_t integer(int column) const noexcept;
  [[nodiscard]] double real(int column) const noexcept;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const noexcept;

 private:
  struct ResetOnExit {
    Statement& statement;
    ~ResetOnExit();
  };
  void bind(int index, std::int64_t value);
  void bind(int index, double value);
  void bind(int index, const std::string& value);
  void bind(int index, const Blob& value);
  [[nodiscard]] bool step();

  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace tvr
