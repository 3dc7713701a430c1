#include "data/narrations/narration_rules.h"

#include <fmt/format.h>

#include <cmath>

#include "data/datasets/video_id.h"
#include "data/error.h"

namespace tvr {

std::string line_text(std::int64_t number) { return std::to_string(number); }

std::string line_text(double number) {
  if (std::isnan(number)) return {};
  std::string text = fmt::format("{}", number);
  const bool is_whole = text.find_first_not_of("-0123456789") == std::string::npos;
  return is_whole ? text + ".0" : text;
}

std::string line_text(bool value) { return value ? "True" : "False"; }

void require_equal_columns(const Narration& narration, const std::string& where) {
  const std::size_t texts = narration.text.size();
  if (narration.start.size() == texts && narration.end.size() == texts) return;
  throw Error(
      Fault::Corrupt, where,
      fmt::format("its columns differ in length: {} times in 'start', {} in 'end', {} entries in 'text'",
                  narration.start.size(), narration.end.size(), texts));
}

std::string narrated_id(std::string_view name, const std::string& where) {
  std::string id = escape_video_id(name);
  validate_video_id(id, where);
  return id;
}

}  // namespace tvr
