#include "data/subtitles/subtitles.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "data/error.h"
#include "data/narrations/narration_csv.h"
#include "data/narrations/narration_record.h"
#include "data/text_file.h"

namespace tvr {
namespace {

constexpr double kMostSeconds = 31 * 86400.0;  // kLongestVideo

std::string utf8_of_latin1(std::string_view text) {
  std::string utf8;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      utf8 += c;
    } else {
      utf8 += static_cast<char>(0xC0U | byte >> 6U);
      utf8 += static_cast<char>(0x80U | (byte & 0x3FU));
    }
  }
  return utf8;
}

/// The number that `text` begins with, of at most nine digits, which are removed.
std::optional<int> take_number(std::string_view& text) {
  std::size_t digits = 0;
  int number = 0;
  while (digits < text.size() && digits < 9 && text[digits] >= '0' && text[digits] <= '9')
    number = number * 10 + (text[digits++] - '0');
  text.remove_prefix(digits);
  return digits == 0 ? std::nullopt : std::optional(number);
}

/// "01:02:03,450", "02:03.450" in seconds, which are removed with the blanks before them.
std::optional<double> take_time(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  double seconds = 0;
  int parts = 0;
  for (;;) {
    const std::optional<int> number = take_number(text);
    if (!number) return std::nullopt;
    seconds = seconds * 60 + *number;
    if (++parts == 3 || text.empty() || text.front() != ':') break;
    text.remove_prefix(1);
  }
  if (parts < 2) return std::nullopt;
  if (!text.empty() && (text.front() == ',' || text.front() == '.')) {
    text.remove_prefix(1);
    double place = 0.1;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), place /= 10)
      seconds += (text.front() - '0') * place;
  }
  return seconds <= kMostSeconds ? std::optional(seconds) : std::nullopt;
}

/// The times of a line "START --> END", which settings may follow.
std::optional<std::pair<double, double>> times_of(std::string_view line) {
  const std::size_t arrow = line.find("-->");
  if (arrow == std::string_view::npos) return std::nullopt;
  std::string_view before = line.substr(0, arrow), after = line.substr(arrow + 3);
  const std::optional<double> start = take_time(before), end = take_time(after);
  if (!start || !end || *end < *start || !trim(before).empty()) return std::nullopt;
  return std::pair(*start, *end);
}

/// Without what stands between `open` and `close`.
void drop(std::string& text, char open, char close) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text[at] == open ? text.find(close, at) : std::string::npos;
    if (end == std::string::npos) {
      // What is never closed is text, and nothing after it needs to be looked through again.
      if (text[at] == open) {
        kept += text.substr(at);
        break;
      }
      kept += text[at++];
    } else {
      at = end + 1;
    }
  }
  text = std::move(kept);
}

std::string plain(std::string text) {
  drop(text, '<', '>');
  drop(text, '{', '}');
  constexpr std::pair<std::string_view, std::string_view> kReferences[] = {
      {"&lt;", "<"},  {"&gt;", ">"}, {"&nbsp;", " "}, {"&quot;", "\""},
      {"&#39;", "'"}, {"&lrm;", ""}, {"&rlm;", ""},   {"&amp;", "&"}};
  std::string resolved;
  for (std::size_t at = 0; at < text.size();) {
    const auto* const found =
        std::find_if(std::begin(kReferences), std::end(kReferences), [&](const auto& reference) {
          return text.compare(at, reference.first.size(), reference.first) == 0;
        });
    const bool is_reference = found != std::end(kReferences);
    resolved += is_reference ? std::string(found->second) : std::string(1, text[at]);
    at += is_reference ? found->first.size() : 1;
  }
  return std::string(trim(resolved));
}

}  // namespace

Narration parse_subtitles(const std::string& name, std::string_view text) {
  std::string converted;
  if (find_invalid_utf8(text) != std::string_view::npos) text = converted = utf8_of_latin1(text);
  Narration cues;
  std::string words;
  bool in_cue = false;
  const auto finish = [&] {
    if (in_cue) cues.text.push_back(plain(std::exchange(words, {})));
    in_cue = false;
  };
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (end != std::string_view::npos && !text.empty() && text.front() == '\n' && line.data()[end] == '\r')
      text.remove_prefix(1);
    if (const auto times = times_of(line)) {
      finish();
      if (cues.size() == kMostLines) throw Error(Fault::Limit, name, "it has more than a million subtitles");
      cues.start.push_back(times->first);
      cues.end.push_back(times->second);
      in_cue = true;
    } else if (trim(line).empty()) {
      finish();
    } else if (in_cue) {
      if (!words.empty()) words += ' ';
      words += line;
    }
  }
  finish();
  if (cues.size() == 0) {
    throw Error(Fault::Corrupt, name, "it holds no subtitle",
                "Wanted are lines '00:01:02,500 --> 00:01:04,000', each followed by its text");
  }
  return cues;
}

Narration read_subtitles(const std::filesystem::path& path) {
  if (path.extension() == ".csv") return read_narration_csv(path);
  return parse_subtitles(path.string(), read_text_file(path, kMostNarrationBytes));
}

}  // namespace tvr
