#include "data/datasets/csv_span.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string>

#include "data/error.h"

namespace tvr {
namespace {

constexpr double kMostSeconds = 1e9;

double seconds(const CsvTable& table, const CsvTable::Row& row, std::size_t column) {
  const std::string text = table.required(row, column);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= kMostSeconds))
    throw Error(Fault::Corrupt, table.where(row), fmt::format("'{}' is not a time in seconds", text));
  return value;
}

}  // namespace

TimeSpan csv_span(const CsvTable& table, const CsvTable::Row& row, std::size_t start_column,
                  std::size_t end_column) {
  const double start = seconds(table, row, start_column), end = seconds(table, row, end_column);
  const TimeSpan span{Micros(std::llround(start * 1e6)), Micros(std::llround(end * 1e6))};
  if (span.start > span.end)
    throw Error(Fault::Corrupt, table.where(row),
                fmt::format("the clip ends at {} s, before its start at {} s", end, start));
  return span;
}

}  // namespace tvr
