#include "data/tensors/pickle_text.h"

#include <charconv>
#include <cstdint>

namespace tvr {
namespace {

constexpr std::uint32_t kLastPoint = 0x10FFFF;

void append_utf8(std::string& text, std::uint32_t point) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto add_six_bits = [&](unsigned shift) { add(0x80U | (point >> shift & 0x3FU)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0U | point >> 6U);
    add_six_bits(0);
  } else if (point < 0x10000) {
    add(0xE0U | point >> 12U);
    add_six_bits(6);
    add_six_bits(0);
  } else {
    add(0xF0U | point >> 18U);
    add_six_bits(12);
    add_six_bits(6);
    add_six_bits(0);
  }
}

/// The number that `digits` hexadecimal digits at `from` write.
std::optional<std::uint32_t> hexadecimal(std::string_view text, std::size_t from, std::size_t digits) {
  if (from > text.size() || text.size() - from < digits) return std::nullopt;
  std::uint32_t number = 0;
  const char* const begin = text.data() + from;
  const auto [end, problem] = std::from_chars(begin, begin + digits, number, 16);
  if (problem != std::errc{} || end != begin + digits) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::string> to_latin1(std::string_view text) {
  std::string latin;
  latin.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      latin += text[i];
      continue;
    }
    // U+0080 to U+00FF: 110000xx 10xxxxxx
    if ((lead != 0xC2 && lead != 0xC3) || ++i == text.size()) return std::nullopt;
    const auto trail = static_cast<unsigned char>(text[i]);
    if ((trail & 0xC0U) != 0x80) return std::nullopt;
    latin += static_cast<char>((lead & 3U) << 6U | (trail & 0x3FU));
  }
  return latin;
}

std::optional<std::string> from_utf32(std::string_view bytes, bool big_endian) {
  std::string text;
  std::size_t length = 0;  // up to the last character that is not NUL
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    std::uint32_t point = 0;
    for (std::size_t k = 0; k < 4; ++k)
      point |= std::uint32_t{static_cast<unsigned char>(bytes[i + (big_endian ? 3 - k : k)])} << (8 * k);
    if (point > kLastPoint) return std::nullopt;
    append_utf8(text, point);
    if (point != 0) length = text.size();
  }
  text.resize(length);
  return text;
}

std::optional<std::string> from_raw_unicode_escape(std::string_view raw) {
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      append_utf8(text, static_cast<unsigned char>(raw[i]));
      continue;
    }
    if (++i == raw.size()) return std::nullopt;
    if (raw[i] != 'u' && raw[i] != 'U') {
      text += '\\';
      append_utf8(text, static_cast<unsigned char>(raw[i]));
      continue;
    }
    const std::size_t digits = raw[i] == 'u' ? 4 : 8;
    const std::optional<std::uint32_t> point = hexadecimal(raw, i + 1, digits);
    if (!point || *point > kLastPoint) return std::nullopt;
    append_utf8(text, *point);
    i += digits;
  }
  return text;
}

std::optional<std::string> from_string_repr(std::string_view raw) {
  if (raw.size() < 2 || raw.front() != raw.back() || (raw.front() != '\'' && raw.front() != '"'))
    return std::nullopt;
  raw = raw.substr(1, raw.size() - 2);
  constexpr std::string_view kEscapes = "\\'\"nrt", kMeanings = "\\'\"\n\r\t";
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      text += raw[i];
      continue;
    }
    if (++i == raw.size()) return std::nullopt;
    if (const std::size_t escape = kEscapes.find(raw[i]); escape != std::string_view::npos) {
      text += kMeanings[escape];
      continue;
    }
    const std::optional<std::uint32_t> byte =
        raw[i] == 'x' ? hexadecimal(raw, i + 1, 2) : std::optional<std::uint32_t>();
    if (!byte) return std::nullopt;
    text += static_cast<char>(*byte);
    i += 2;
  }
  return text;
}

}  // namespace tvr
