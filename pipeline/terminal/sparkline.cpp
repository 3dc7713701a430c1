#include "pipeline/terminal/sparkline.h"

#include <algorithm>

namespace tvr {

std::string sparkline(const std::vector<double>& values, std::size_t cells) {
  if (values.empty() || cells == 0) return {};
  const std::size_t count = std::min(cells, values.size());
  const double low = std::min(0.0, *std::min_element(values.begin(), values.end()));
  const double high = *std::max_element(values.begin(), values.end());
  std::string line;
  for (std::size_t cell = 0; cell < count; ++cell) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(cell * values.size() / count);
    const auto end = values.begin() + static_cast<std::ptrdiff_t>((cell + 1) * values.size() / count);
    const double share = high > low ? (*std::max_element(begin, end) - low) / (high - low) : 0;
    line += "\xe2\x96";
    line += static_cast<char>(0x81 + std::clamp(static_cast<int>(share * 8), 0, 7));
  }
  return line;
}

}  // namespace tvr
