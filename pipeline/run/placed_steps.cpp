#include "pipeline/run/placed_steps.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "data/csv.h"
#include "data/error.h"
#include "pipeline/run/run_folder.h"

namespace tvr {
namespace {

constexpr std::int64_t kMostSteps = 1'000'000;
constexpr double kMostSeconds = 1e9, kMostScore = 1e38;

/// Reads the cells of one row.
class Cells {
 public:
  Cells(const CsvTable& table, const CsvTable::Row& row) : table_(table), row_(row) {}

  [[nodiscard]] const std::string& text(const char* column) const {
    return row_.cells[table_.column(column)];
  }
  template <class Number>
  [[nodiscard]] Number number(const char* column, Number low, Number high) const {
    const std::string& cell = text(column);
    Number value{};
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error == std::errc() && end == cell.data() + cell.size() && value >= low && value <= high)
      return value;
    throw Error(Fault::Corrupt, table_.where(row_),
                fmt::format("the {} is '{}', wanted a number from {} to {}", column, cell, low, high));
  }

 private:
  const CsvTable& table_;
  const CsvTable::Row& row_;
};

}  // namespace

std::string placed_steps_csv(const std::vector<PlacedStep>& steps) {
  std::string text = "video,task,step,second,score,hit,name\n";
  for (const PlacedStep& step : steps) {
    text += fmt::format("{},{},{},{},{},{},{}\n", csv_cell(step.video), csv_cell(step.task), step.step + 1,
                        step.second ? fmt::format("{:.9g}", *step.second) : "",
                        step.second ? fmt::format("{:.6g}", step.score) : "",
                        step.hit ? (*step.hit ? "1" : "0") : "", csv_cell(step.name));
  }
  return text;
}

std::vector<PlacedStep> read_placed_steps(const std::filesystem::path& file) {
  return parse_placed_steps(file.string(), read_text(file));
}

std::vector<PlacedStep> parse_placed_steps(const std::string& name, std::string_view text) {
  const CsvTable table(name, text);
  std::vector<PlacedStep> steps;
  for (const CsvTable::Row& row : table.rows()) {
    const Cells cells(table, row);
    PlacedStep step;
    step.video = table.required(row, table.column("video"));
    step.task = cells.text("task");
    step.step = cells.number<std::int64_t>("step", 1, kMostSteps) - 1;
    step.name = cells.text("name");
    if (!cells.text("second").empty()) {
      step.second = cells.number("second", 0.0, kMostSeconds);
      step.score = cells.number("score", -kMostScore, kMostScore);
    }
    if (!cells.text("hit").empty()) step.hit = cells.number("hit", 0, 1) == 1;
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace tvr
