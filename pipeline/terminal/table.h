#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tvr {

/// A table for people: columns as wide as their widest cell by displayed width, numbers to the right.
class Table {
 public:
  enum class Align { Left, Right };
  struct Column {
    std::string title;
    Align align = Align::Left;
  };

  explicit Table(std::vector<Column> columns);
  /// `cells`: as many as there are columns.
  void add(std::vector<std::string> cells);
  /// Title line, rule, rows; each line ends with '\n'. Control characters of cells are shown as '?', so that
  /// a file name cannot drive the terminal.
  [[nodiscard]] std::string text() const;
  /// The same for long tables, piece by piece: the rows added since the last call, the title before the
  /// first. Columns that have grown stay so.
  [[nodiscard]] std::string take();

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;
  [[nodiscard]] std::string title(const std::vector<std::size_t>& widths) const;
  [[nodiscard]] std::string body(const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> taken_;  // widths of what was taken; empty: nothing was
};

/// Cells that UTF-8 takes on a terminal: two for a Chinese character, none for an accent that follows its
/// letter. A byte that is not UTF-8 takes one.
[[nodiscard]] std::size_t display_width(const std::string& text);
/// `text` with control characters as '?'.
[[nodiscard]] std::string printable(std::string text);

/// "1.3 GB", "12.0 kB", "17 B".
[[nodiscard]] std::string bytes_text(double bytes);
/// "2:07:15", "4:09", "8.3 s".
[[nodiscard]] std::string seconds_text(double seconds);

}  // namespace tvr
