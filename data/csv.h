#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// A table of text with a header line, as RFC 4180 writes it: cells may be quoted, a quoted cell may hold
/// commas, line ends and doubled quotes. Columns are found by name. Blank lines do not count. UTF-8 only,
/// with or without a byte order mark; lines end with LF, CRLF or CR.
class CsvTable {
 public:
  struct Row {
    std::vector<std::string> cells;  // as many as there are columns
    std::int64_t line = 0;           // where it starts in the file, from 1
  };

  /// Throws Error(Corrupt) naming file and line for an unclosed quote, a row of another length than the
  /// header, a NUL byte; Error(Unsupported) for other encodings; and what read_text_file() throws.
  explicit CsvTable(const std::filesystem::path& path);
  /// The same for `text`; `name` stands for the file in messages.
  CsvTable(std::string name, std::string_view text);

  [[nodiscard]] const std::vector<Row>& rows() const noexcept { return rows_; }
  [[nodiscard]] std::optional<std::size_t> find_column(std::string_view name) const noexcept;
  /// Throws Error(NotFound) listing the columns that there are.
  [[nodiscard]] std::size_t column(std::string_view name) const;
  /// The cell without blanks around it. Throws Error(Corrupt) when nothing is left.
  [[nodiscard]] std::string required(const Row& row, std::size_t column) const;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// "captions.csv:17", for messages.
  [[nodiscard]] std::string where(const Row& row) const;

 private:
  std::string name_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace tvr
