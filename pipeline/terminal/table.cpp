#include "pipeline/terminal/table.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "data/character.h"

namespace tvr {
namespace {

std::string line(const std::vector<Table::Column>& columns, const std::vector<std::size_t>& widths,
                 const std::vector<std::string>& cells) {
  std::string text;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::string padding(widths[c] - display_width(cells[c]), ' ');
    if (c > 0) text += "  ";
    if (columns[c].align == Table::Align::Right)
      text += padding + cells[c];
    else
      text += c + 1 < columns.size() ? cells[c] + padding : cells[c];
  }
  return text + '\n';
}

std::string shown(std::string_view text, bool with_lines) {
  std::string clean;
  while (!text.empty()) {
    const Character next = first_character(text);
    if (next.may_be_shown || (with_lines && text.front() == '\n'))
      clean += text.substr(0, next.bytes);
    else
      clean += '?';
    text.remove_prefix(next.bytes);
  }
  return clean;
}

}  // namespace

std::size_t display_width(const std::string& text) {
  std::size_t cells = 0;
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t bytes =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    cells += bytes > 0 ? static_cast<std::size_t>(utf8proc_charwidth(code)) : 1;
    at += bytes > 0 ? static_cast<std::size_t>(bytes) : 1;
  }
  return cells;
}

std::string printable(std::string_view text) { return shown(text, false); }

std::string printable_lines(std::string_view text) { return shown(text, true); }

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
  assert(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  const std::vector<std::size_t> w = widths();
  return title(w) + body(w);
}

std::string Table::take() {
  const bool first = taken_.empty();
  taken_ = widths();
  const std::string text = (first ? title(taken_) : "") + body(taken_);
  rows_.clear();
  return text;
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t widest = std::max(display_width(columns_[c].title), taken_.empty() ? 0 : taken_[c]);
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[c]));
    widths.push_back(widest);
  }
  return widths;
}

std::string Table::title(const std::vector<std::size_t>& widths) const {
  std::vector<std::string> titles, rules;
  for (const Column& column : columns_) titles.push_back(column.title);
  for (const std::size_t w : widths) rules.emplace_back(w, '-');
  return line(columns_, widths, titles) + line(columns_, widths, rules);
}

std::string Table::body(const std::vector<std::size_t>& widths) const {
  std::string text;
  for (const auto& row : rows_) text += line(columns_, widths, row);
  return text;
}

std::string bytes_text(double bytes) {
  static constexpr std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < units.size()) bytes /= 1000, ++unit;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string seconds_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long long>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace tvr
