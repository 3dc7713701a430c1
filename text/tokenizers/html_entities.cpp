#include "text/tokenizers/html_entities.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <unordered_map>

#include "text/tokenizers/code_points.h"
#include "text/tokenizers/html_entity_table.h"

namespace tvr {
namespace {

using Entities = std::unordered_map<std::string_view, std::string>;

/// Takes the characters of `text` up to `end`, and `end` itself off.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

/// By name, with the semicolon where there is one.
Entities read_table() {
  static std::string names;  // what the keys look into
  names.reserve(kHtmlEntities.size() * 2);
  Entities entities;
  for (std::string_view rest = kHtmlEntities; !rest.empty();) {
    std::string_view line = take_until(rest, '\n');
    while (!line.empty()) {
      std::string_view entry = take_until(line, ' ');
      const bool needs_semicolon = entry.front() != '!';
      if (!needs_semicolon) entry.remove_prefix(1);
      const std::size_t begin = names.size();
      names += take_until(entry, '=');
      names += ';';
      std::string value;
      while (!entry.empty()) {
        const std::string_view digits = take_until(entry, '+');
        std::uint32_t code = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        append_utf8(value, code);
      }
      const std::string_view name = std::string_view(names).substr(begin);
      entities.emplace(name, value);
      if (!needs_semicolon) entities.emplace(name.substr(0, name.size() - 1), value);
    }
  }
  return entities;
}

/// What bytes 0x80 to 0x9F are in Windows-1252; those that it lacks stay as they are.
constexpr std::array<char32_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
    0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};

void append_number(std::string& text, char32_t number) {
  constexpr char32_t kReplacement = 0xFFFD, kLast = 0x10FFFF;
  if (number == 0 || (number >= 0xD800 && number <= 0xDFFF) || number > kLast)
    return append_utf8(text, kReplacement);
  if (number >= 0x80 && number <= 0x9F) return append_utf8(text, kWindows1252[number - 0x80]);
  const bool is_control =
      (number < 0x20 && number != '\t' && number != '\n' && number != '\f' && number != '\r') ||
      number == 0x7F;
  const bool is_no_character = (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFEU) == 0xFFFE;
  if (!is_control && !is_no_character) append_utf8(text, number);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// The number of bytes of `rest`, which follows '&', that a reference by number takes; 0: it is none.
std::size_t take_number(std::string_view rest, std::string& text) {
  const bool hex = rest.size() > 1 && (rest[1] == 'x' || rest[1] == 'X');
  const std::size_t begin = hex ? 2 : 1;
  std::size_t end = begin;
  while (end < rest.size() && (hex ? is_hex_digit(rest[end]) : is_digit(rest[end]))) ++end;
  if (end == begin) return 0;
  std::uint32_t number = 0;
  const auto outcome = std::from_chars(rest.data() + begin, rest.data() + end, number, hex ? 16 : 10);
  append_number(text, outcome.ec == std::errc{} ? number : ~0U);
  return end < rest.size() && rest[end] == ';' ? end + 1 : end;
}

/// The same for a name.
std::size_t take_name(std::string_view rest, std::string& text) {
  static const Entities entities = read_table();
  constexpr int kMostCharacters = 32;
  std::size_t end = 0;
  for (int i = 0; i < kMostCharacters && end < rest.size(); ++i) {
    if (std::string_view("\t\n\f <&#;").find(rest[end]) != std::string_view::npos) break;
    end += first_code_point(rest.substr(end)).bytes;
  }
  if (end == 0) return 0;
  const std::size_t with_semicolon = end < rest.size() && rest[end] == ';' ? end + 1 : end;
  const auto whole = entities.find(rest.substr(0, with_semicolon));
  if (whole != entities.end()) {
    text += whole->second;
    return with_semicolon;
  }
  for (std::size_t part = with_semicolon - 1; part > 1; --part) {
    const auto found = entities.find(rest.substr(0, part));
    if (found == entities.end()) continue;
    text += found->second;
    text += rest.substr(part, with_semicolon - part);
    return with_semicolon;
  }
  return 0;
}

}  // namespace

std::string unescape_html(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (;;) {
    const std::size_t at = std::min(text.find('&'), text.size());
    result += text.substr(0, at);
    if (at == text.size()) return result;
    text.remove_prefix(at + 1);
    const bool by_number = !text.empty() && text.front() == '#';
    const std::size_t taken = by_number ? take_number(text, result) : take_name(text, result);
    if (taken == 0) result += '&';
    text.remove_prefix(taken);
  }
}

}  // namespace tvr
