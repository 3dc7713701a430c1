#include "data/store/recipe.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "data/json_text.h"

namespace tvr {

Digest Recipe::identity() const {
  const auto part = [](const std::string& value) { return std::to_string(value.size()) + ":" + value; };
  return sha256("recipe 1\n" + part(lane) + part(text) + part(weights));
}

double rows_per_second(const Recipe& recipe) {
  const nlohmann::json text = parse_json(recipe.text, "recipe of lane " + recipe.lane);
  const auto number = [&text](const char* key) {
    return text.is_object() && text.contains(key) && text[key].is_number() ? text[key].get<double>() : 0;
  };
  double rate = number("rows_per_second");                                      // of an import
  if (number("clip_frames") > 0) rate = number("fps") / number("clip_frames");  // of an extraction
  return std::isfinite(rate) && rate > 0 ? rate : 0;
}

}  // namespace tvr
