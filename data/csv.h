#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// `text` as a cell of a CSV (RFC 4180): quoted where necessary. What a spreadsheet would take for a formula
/// is prefixed with an apostrophe.
[[nodiscard]] std::string csv_cell(std::string text);

/// A table of text with a header line, in the format of RFC 4180: cells may be quoted; a quoted cell may hold
/// commas, line breaks and doubled quotes. A header without a comma may have semicolons, tabs or '|' instead,
/// which then separate all cells. Columns are looked up by their name in lower case; exactly that name comes
/// first. Blank lines are skipped. UTF-8 only, with or without a byte order mark; lines end with LF, CRLF or
/// CR.
class CsvTable {
 public:
  struct Row {
    std::vector<std::string> cells;  // one per column
    std::vector<bool> quoted;        // of each cell
    std::int64_t line = 0;           // line number of its start, from 1
  };

  /// Throws Error(Corrupt) naming file and line for an unclosed quote, a row whose length differs from the
  /// header's, or a NUL byte; Error(Unsupported) for other encodings; and what read_text_file() throws.
  explicit CsvTable(const std::filesystem::path& path);
  /// The same for `text`; `name` is the file name in messages.
  CsvTable(std::string name, std::string_view text);

  /// Passes the rows of a file one by one, with the table that they would be in, which stays without rows:
  /// for files of a million rows. Throws what reading it whole does.
  static void for_each_row(const std::filesystem::path& path,
                           const std::function<void(const CsvTable&, const Row&)>& use);

  [[nodiscard]] const std::vector<Row>& rows() const noexcept { return rows_; }
  [[nodiscard]] const std::vector<std::string>& columns() const noexcept { return columns_; }
  [[nodiscard]] char separator() const noexcept { return separator_; }
  [[nodiscard]] std::optional<std::size_t> find_column(std::string_view name) const;
  /// Throws Error(NotFound) listing the existing columns.
  [[nodiscard]] std::size_t column(std::string_view name) const;
  /// The cell without surrounding blanks. Throws Error(Corrupt) if it is empty.
  [[nodiscard]] std::string required(const Row& row, std::size_t column) const;
  /// The same for a name that may begin or end with blanks: a quoted cell keeps them.
  [[nodiscard]] std::string verbatim(const Row& row, std::size_t column) const;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// "captions.csv:17", for messages.
  [[nodiscard]] std::string where(const Row& row) const;

 private:
  CsvTable() = default;
  /// Reads the header, then passes each row that fits it to `use`.
  void read(std::string_view text, const std::function<void(Row&&)>& use);

  std::string name_;
  std::vector<std::string> columns_;
  char separator_ = ',';
  std::vector<Row> rows_;
};

/// Whether a file's first line that is not blank has all these columns. False unless it is a regular file.
/// Throws what read_text_file() throws.
[[nodiscard]] bool csv_has_columns(const std::filesystem::path& path,
                                   std::initializer_list<std::string_view> columns);

}  // namespace tvr
