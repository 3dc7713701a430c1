#include "data/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "data/character.h"
#include "data/error.h"

namespace tvr {
namespace {

using nlohmann::json;

/// A character in JSON's own escapes: \u202e.
std::string escaped(std::string_view character) {
  const std::string text = json(std::string(character)).dump(-1, ' ', true);
  return text.size() > 3 ? text.substr(1, text.size() - 2) : "\\u007f";  // of ASCII, it leaves DEL alone
}

/// With \uXXXX for what a terminal may not get, as JSON is looked at in one, too. Such characters are in
/// strings alone.
std::string dump(const json& value, int indent) {
  const std::string text = value.dump(indent, ' ', false, json::error_handler_t::replace);
  std::string shown;
  shown.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const Character next = first_character(rest);
    const std::string_view character = rest.substr(0, next.bytes);
    if (next.may_be_shown || character == "\n")
      shown += character;
    else
      shown += escaped(character);
    rest.remove_prefix(next.bytes);
  }
  return shown;
}

}  // namespace

json parse_json(std::string_view text, const std::string& where, const std::string& advice, int most_levels) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open, the innermost last
  const auto check = [&](int level, json::parse_event_t event, json& value) {
    if (level > most_levels) {
      throw Error(Fault::Corrupt, where,
                  "it is nested deeper than " + std::to_string(most_levels) + " levels", advice);
    }
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event != json::parse_event_t::key) return true;
    const auto [key, is_new] = keys.back().insert(value.get<std::string>());
    if (is_new) return true;
    throw Error(Fault::Corrupt, where, "an object has the key '" + *key + "' twice, wanted once", advice);
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& error) {
    const std::string words = error.what();  // "[json.exception.parse_error.101] parse error at line 1, ..."
    throw Error(Fault::Corrupt, where, "it is not JSON:" + words.substr(words.find(']') + 1), advice);
  }
}

std::string json_text(const json& value) { return dump(value, 2); }

std::string json_line(const json& value) { return dump(value, -1); }

std::vector<json> json_lines(std::string_view text) {
  std::vector<json> objects;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    try {
      json line = parse_json(text.substr(at, end - at), "a line");
      if (line.is_object()) objects.push_back(std::move(line));
    } catch (const Error&) {
    }
    at = end + 1;
  }
  return objects;
}

}  // namespace tvr
