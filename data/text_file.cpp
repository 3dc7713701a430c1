#include "data/text_file.h"

#include <cstdint>

#include "data/descriptor.h"
#include "data/error.h"
#include "data/gzip.h"

namespace tvr {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

/// Length in bytes of the code point at the start of `text`; 0 if it is malformed: overlong, surrogate,
/// beyond U+10FFFF or truncated.
std::size_t code_point_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned second = byte(1);
  if (first == 0xe0 && second < 0xa0) return 0;  // overlong
  if (first == 0xed && second > 0x9f) return 0;  // surrogates
  if (first == 0xf0 && second < 0x90) return 0;  // overlong
  if (first == 0xf4 && second > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& path, std::uintmax_t most_bytes) {
  const std::string where = path.string();
  const Descriptor file = open_regular(path);
  const auto size = static_cast<std::uintmax_t>(status_of(file, where).st_size);
  if (size > most_bytes)
    throw Error(Fault::Limit, where,
                "has " + std::to_string(size) + " bytes; such a text file may have at most " +
                    std::to_string(most_bytes >> 20U) + " MiB");
  std::string text(static_cast<std::size_t>(size), '\0');
  text.resize(read_all(file, text.data(), text.size(), where));
  if (is_gzip(text)) text = gunzip(text, where, static_cast<std::size_t>(most_bytes));
  if (starts_with(text, "\xff\xfe") || starts_with(text, "\xfe\xff"))
    throw Error(Fault::Unsupported, where, "is UTF-16 text; expected UTF-8", "Save it as UTF-8");
  if (starts_with(text, "\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = code_point_length(text.substr(at, 4));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string_view trim(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace tvr
