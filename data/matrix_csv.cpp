#include "data/matrix_csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

constexpr std::uintmax_t kMostBytes = std::uintmax_t{64} << 20;

/// NaN where the cell is no number that a float32 holds.
float number_in(std::string_view cell) {
  cell = trim(cell);
  if (cell.size() > 1 && cell.front() == '+' && cell[1] != '-') cell.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  const bool is_one = error == std::errc() && end == cell.data() + cell.size() &&
                      std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max());
  return is_one ? static_cast<float>(value) : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

Matrix read_matrix_csv(const std::filesystem::path& path) {
  return parse_matrix_csv(path.string(), read_text_file(path, kMostBytes));
}

Matrix parse_matrix_csv(const std::string& name, std::string_view text) {
  std::vector<float> values;
  std::size_t cols = 0, rows = 0;
  const auto refuse = [&](std::int64_t line, const std::string& seen) {
    throw Error(Fault::Corrupt, name + ":" + std::to_string(line), seen,
                "A line has the numbers of a row, separated by commas, and there is no header");
  };
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::size_t before = values.size();
    for (bool more = true; more;) {
      const std::size_t comma = std::min(line.find(','), line.size());
      values.push_back(number_in(line.substr(0, comma)));
      if (std::isnan(values.back()))
        refuse(number, "'" + std::string(line.substr(0, comma)) + "' is not a finite number");
      more = comma < line.size();
      line.remove_prefix(std::min(comma + 1, line.size()));
    }
    const std::size_t count = values.size() - before;
    if (rows++ == 0) cols = count;
    if (count != cols)
      refuse(number,
             "the row has " + std::to_string(count) + " numbers, the first one " + std::to_string(cols));
  }
  Matrix matrix(static_cast<std::int64_t>(rows), static_cast<std::int64_t>(cols));
  std::copy(values.begin(), values.end(), matrix.data());
  return matrix;
}

}  // namespace tvr
