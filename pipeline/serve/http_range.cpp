#include "pipeline/serve/http_range.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace tvr {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls use(element) for each element of a list that is not empty (RFC 9110, 5.6.1).
template <class Use>
void for_each_element(std::string_view list, const Use& use) {
  while (!list.empty()) {
    const std::size_t length = std::min(list.find(','), list.size());
    const std::string_view element = without_blanks(list.substr(0, length));
    if (!element.empty()) use(element);
    list.remove_prefix(std::min(length + 1, list.size()));
  }
}

bool is_bytes(std::string_view unit) {
  constexpr std::string_view kUnit = "bytes";
  return unit.size() == kUnit.size() && std::equal(unit.begin(), unit.end(), kUnit.begin(),
                                                   [](char c, char wanted) { return (c | 0x20) == wanted; });
}

/// Digits alone; more than fit become the largest number. nullopt: something else.
std::optional<std::int64_t> position(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t value = kMost;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);  // out of range: unchanged
  return value;
}

}  // namespace

std::optional<ByteRange> requested_range(std::string_view range, std::int64_t size) {
  const std::size_t equals = range.find('=');
  if (equals == std::string_view::npos || !is_bytes(range.substr(0, equals))) return std::nullopt;
  std::string_view only;
  int count = 0;
  for_each_element(range.substr(equals + 1), [&](std::string_view one) {
    only = one;
    ++count;
  });
  const std::size_t hyphen = only.find('-');
  if (count != 1 || hyphen == std::string_view::npos) return std::nullopt;
  const std::optional<std::int64_t> first = position(only.substr(0, hyphen));
  const std::optional<std::int64_t> last = position(only.substr(hyphen + 1));
  if (hyphen == 0) {  // the last bytes
    if (!last) return std::nullopt;
    const std::int64_t count_of_bytes = std::min(*last, size);
    return ByteRange{size - count_of_bytes, count_of_bytes};
  }
  const bool is_open = hyphen + 1 == only.size();
  if (!first || (!last && !is_open) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return ByteRange{};
  return ByteRange{*first, std::min(last.value_or(kMost), size - 1) - *first + 1};
}

bool lists_etag(std::string_view field, std::string_view etag) {
  bool found = false;
  for_each_element(field, [&](std::string_view one) {
    if (one.substr(0, 2) == "W/") one.remove_prefix(2);
    found = found || one == etag || one == "*";
  });
  return found;
}

}  // namespace tvr
