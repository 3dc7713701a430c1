#include "text/tokenizers/normalization.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <new>
#include <vector>

#include "text/tokenizers/code_points.h"
#include "text/tokenizers/html_entities.h"

namespace tvr {
namespace {

constexpr char32_t kCapitalSigma = 0x3A3, kSigma = 0x3C3, kFinalSigma = 0x3C2, kDottedCapitalI = 0x130;

int combining_class(utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

struct Interval {
  char32_t first, last;
};

template <std::size_t N>
bool is_in(char32_t c, const std::array<Interval, N>& intervals) {
  return std::any_of(intervals.begin(), intervals.end(),
                     [c](const Interval& interval) { return c >= interval.first && c <= interval.last; });
}

// Unicode's Cased and Case_Ignorable (chapter 3.13, D135 and D136) by general category and what categories do
// not say: Other_Lowercase and Other_Uppercase of PropList.txt, MidLetter, MidNumLet and Single_Quote of
// WordBreakProperty.txt.
constexpr std::array<Interval, 30> kCasedByList = {{
    {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2B0, 0x2B8},     {0x2C0, 0x2C1},     {0x2E0, 0x2E4},
    {0x345, 0x345},     {0x37A, 0x37A},     {0x10FC, 0x10FC},   {0x1D2C, 0x1D6A},   {0x1D78, 0x1D78},
    {0x1D9B, 0x1DBF},   {0x2071, 0x2071},   {0x207F, 0x207F},   {0x2090, 0x209C},   {0x2160, 0x217F},
    {0x24B6, 0x24E9},   {0x2C7C, 0x2C7D},   {0xA69C, 0xA69D},   {0xA770, 0xA770},   {0xA7F2, 0xA7F4},
    {0xA7F8, 0xA7F9},   {0xAB5C, 0xAB5F},   {0xAB69, 0xAB69},   {0x10780, 0x10780}, {0x10783, 0x10785},
    {0x10787, 0x107B0}, {0x107B2, 0x107BA}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189},
}};
constexpr std::array<Interval, 16> kIgnorableByList = {{
    {0x27, 0x27},
    {0x2E, 0x2E},
    {0x3A, 0x3A},
    {0xB7, 0xB7},
    {0x387, 0x387},
    {0x55F, 0x55F},
    {0x5F4, 0x5F4},
    {0x2018, 0x2019},
    {0x2024, 0x2024},
    {0x2027, 0x2027},
    {0xFE13, 0xFE13},
    {0xFE52, 0xFE52},
    {0xFE55, 0xFE55},
    {0xFF07, 0xFF07},
    {0xFF0E, 0xFF0E},
    {0xFF1A, 0xFF1A},
}};

bool is_cased(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
      return true;
    default:
      return is_in(c, kCasedByList);
  }
}

bool is_case_ignorable(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return is_in(c, kIgnorableByList);
  }
}

std::u32string code_points_of(std::string_view text) {
  std::u32string all;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    all += c.value;
    text.remove_prefix(c.bytes);
  }
  return all;
}

void append_lower(std::string& text, char32_t c) {
  if (c == kDottedCapitalI)
    text += "i\xcc\x87";  // the only one whose lower case is two: i and U+0307
  else
    append_utf8(text, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// For each code point whether, of those before it that are not case-ignorable, the last is cased.
std::vector<bool> follows_cased(const std::u32string& text) {
  std::vector<bool> follows(text.size());
  bool cased = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    follows[i] = cased;
    if (!is_case_ignorable(text[i])) cased = is_cased(text[i]);
  }
  return follows;
}

template <class IsSpace>
std::string collapse(std::string_view text, IsSpace is_space) {
  std::string collapsed;
  collapsed.reserve(text.size());
  bool in_space = false;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    const bool space = is_space(c.value);
    if (!space) collapsed += text.substr(0, c.bytes);
    if (space && !in_space) collapsed += ' ';
    in_space = space;
    text.remove_prefix(c.bytes);
  }
  return collapsed;
}

std::string unescaped(std::string_view text) {
  return std::string(strip(unescape_html(unescape_html(text))));
}

}  // namespace

std::string nfc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::vector<utf8proc_int32_t> all;
  all.reserve(text.size());
  constexpr int kLongestDecomposition = 4;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    utf8proc_int32_t parts[kLongestDecomposition];
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(c.value), parts, kLongestDecomposition,
        static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE), nullptr);
    all.insert(all.end(), parts, parts + std::max<utf8proc_ssize_t>(count, 0));
    text.remove_prefix(c.bytes);
  }
  // The canonical order. utf8proc's own takes quadratic time for a long run of marks.
  const auto is_mark = [](utf8proc_int32_t c) { return combining_class(c) != 0; };
  for (auto at = std::find_if(all.begin(), all.end(), is_mark); at != all.end();) {
    const auto end = std::find_if_not(at, all.end(), is_mark);
    std::stable_sort(at, end, [](utf8proc_int32_t a, utf8proc_int32_t b) {
      return combining_class(a) < combining_class(b);
    });
    at = std::find_if(end, all.end(), is_mark);
  }
  const utf8proc_ssize_t count =
      utf8proc_normalize_utf32(all.data(), static_cast<utf8proc_ssize_t>(all.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  std::string result;
  for (utf8proc_ssize_t i = 0; i < count; ++i)
    append_utf8(result, static_cast<char32_t>(all[static_cast<std::size_t>(i)]));
  return result;
}

std::string lower_by_character(std::string_view text) {
  if (is_ascii(text)) return lower_ascii(text);
  std::string lower;
  lower.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    append_lower(lower, c.value);
    text.remove_prefix(c.bytes);
  }
  return lower;
}

std::string lower_as_python(std::string_view text) {
  if (text.find("\xce\xa3") == std::string_view::npos) return lower_by_character(text);  // no capital sigma
  std::u32string all = code_points_of(text);
  const std::vector<bool> after_cased = follows_cased(all);
  const std::vector<bool> before_cased = follows_cased(std::u32string(all.rbegin(), all.rend()));
  std::string lower;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == kCapitalSigma)
      append_utf8(lower, after_cased[i] && !before_cased[all.size() - 1 - i] ? kFinalSigma : kSigma);
    else
      append_lower(lower, all[i]);
  }
  return lower;
}

std::string collapse_white_space(std::string_view text) { return collapse(text, is_white_space); }

std::string collapse_python_space(std::string_view text) { return collapse(text, is_python_space); }

std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (!is_python_space(c.value)) break;
    text.remove_prefix(c.bytes);
  }
  while (!text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0U) == 0x80) --last;
    if (!is_python_space(first_code_point(text.substr(last)).value)) break;
    text = text.substr(0, last);
  }
  return text;
}

std::string without_punctuation(std::string_view text) {
  constexpr std::string_view kPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  std::string rest;
  for (const char c : text)
    if (kPunctuation.find(c) == std::string_view::npos) rest += c;
  return rest;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find(from, at), text.size());
    result += text.substr(at, next - at);
    if (next < text.size()) result += to;
    at = next + from.size();
  }
  return result;
}

std::string clean_as_open_clip(std::string_view text) {
  return std::string(strip(collapse_white_space(unescaped(text))));
}

std::string clean_as_clip(std::string_view text) { return lower_as_python(clean_as_open_clip(text)); }

std::string canonicalize(std::string_view text) {
  const std::string words = without_punctuation(replace_all(unescaped(text), "_", " "));
  return std::string(strip(collapse_white_space(lower_as_python(words))));
}

}  // namespace tvr
