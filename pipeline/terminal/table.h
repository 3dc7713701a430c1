#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// A table for the terminal: columns as wide as their widest cell by display width, numbers right-aligned.
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
  /// Title line, rule, rows; each line ends with '\n'. Cells are printable().
  [[nodiscard]] std::string text() const;
  /// The same in pieces, for long tables: the rows added since the last call, with the title before the first
  /// ones. Columns never become narrower.
  [[nodiscard]] std::string take();

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;
  [[nodiscard]] std::string title(const std::vector<std::size_t>& widths) const;
  [[nodiscard]] std::string body(const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> taken_;  // widths of the rows taken so far; empty: none
};

/// The number of terminal cells of UTF-8 text: two for a Chinese character, none for a combining accent, one
/// for a byte that is not UTF-8.
[[nodiscard]] std::size_t display_width(const std::string& text);
/// `text` with '?' for every character that a terminal may not get (first_character()), so that what a file
/// or its name says cannot command it. All that comes from elsewhere goes through it on its way to a
/// terminal.
[[nodiscard]] std::string printable(std::string_view text);
/// The same, with its line breaks: for a message of several lines.
[[nodiscard]] std::string printable_lines(std::string_view text);

/// "1.3 GB", "12.0 kB", "17 B".
[[nodiscard]] std::string bytes_text(double bytes);
/// "2:07:15", "4:09", "8.3 s".
[[nodiscard]] std::string seconds_text(double seconds);

}  // namespace tvr
