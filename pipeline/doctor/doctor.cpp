#include "pipeline/doctor/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/json_text.h"
#include "pipeline/terminal/console.h"
#include "pipeline/terminal/table.h"

namespace tvr {
namespace {

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t seen = display_width(text);
  return seen < width ? text + std::string(width - seen, ' ') : text;
}

/// `text` from column `indent` on, in lines of at most `columns` cells; a longer word stays whole, so that a
/// path can be copied.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns) {
  std::string out;
  std::size_t at = indent;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t width = display_width(word);
    if (at > indent && at + 1 + width > columns) {
      out += '\n' + std::string(indent, ' ');
      at = indent;
    } else if (at > indent) {
      out += ' ';
      ++at;
    }
    out += word;
    at += width;
  }
  return out + '\n';
}

std::string state_text(Finding finding, int descriptor) {
  const std::string text = padded(name(finding), 9);
  switch (finding) {
    case Finding::Ok:
      return coloured(text, Colour::Green, descriptor);
    case Finding::Warning:
      return coloured(text, Colour::Yellow, descriptor);
    case Finding::Missing:
      return coloured(text, Colour::Red, descriptor);
    default:
      return text;
  }
}

}  // namespace

const char* name(Finding finding) noexcept {
  switch (finding) {
    case Finding::Ok:
      return "ok";
    case Finding::Note:
      return "note";
    case Finding::Warning:
      return "warning";
    case Finding::Missing:
      return "missing";
  }
  return "";
}

bool nothing_missing(const Checks& checks) {
  return std::none_of(checks.begin(), checks.end(),
                      [](const Check& check) { return check.finding == Finding::Missing; });
}

std::string checks_text(const Checks& checks, std::size_t columns, int descriptor) {
  columns = std::max<std::size_t>(40, columns);
  std::size_t widest = 0;
  for (const Check& check : checks) widest = std::max(widest, display_width(check.name));
  const bool narrow = columns < 60;  // then what was seen goes below the name
  const std::size_t indent = narrow ? 4 : 2 + widest + 2 + 9;
  std::string out, group;
  for (const Check& check : checks) {
    if (check.group != group) out += (out.empty() ? "" : "\n") + check.group + '\n';
    group = check.group;
    out += "  " + padded(printable(check.name), widest + 2) + state_text(check.finding, descriptor);
    if (narrow) out += '\n' + std::string(indent, ' ');
    out += wrapped(printable(check.seen), indent, columns);
    if (!check.advice.empty())
      out += std::string(indent, ' ') + wrapped("> " + printable(check.advice), indent, columns);
  }
  return out;
}

std::string checks_json(const Checks& checks) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Check& check : checks) {
    rows.push_back({{"group", check.group},
                    {"name", check.name},
                    {"state", name(check.finding)},
                    {"seen", check.seen},
                    {"advice", check.advice}});
  }
  return json_text(rows) + "\n";
}

}  // namespace tvr
