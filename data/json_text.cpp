#include "data/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tvr {
namespace {

using nlohmann::json;

std::string dump(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string json_text(const json& value) { return dump(value, 2); }

std::string json_line(const json& value) { return dump(value, -1); }

std::vector<json> json_lines(std::string_view text) {
  std::vector<json> objects;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    json line = json::parse(text.substr(at, end - at), nullptr, false);
    if (line.is_object()) objects.push_back(std::move(line));
    at = end + 1;
  }
  return objects;
}

}  // namespace tvr
