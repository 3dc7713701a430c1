#include "data/datasets/video_id.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "data/character.h"
#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

constexpr std::size_t kMaxIdBytes = 16384;
constexpr std::size_t kEscape = 3;  // bytes of "%XX"

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// What is wrong with `id`; nullptr: nothing.
const char* fault_of_id(const std::string& id) {
  if (id.empty()) return "is empty";
  if (id.size() > kMaxIdBytes) return "is longer than 16384 bytes";
  if (id.front() == '/') return "begins with a slash";
  if (id.front() == '-') return "begins with a hyphen, as options do";
  if (id.find('\\') != std::string::npos) return "contains a backslash";
  if (std::any_of(id.begin(), id.end(), is_control)) return "contains a control character";
  if (find_invalid_utf8(id) != std::string::npos) return "is not UTF-8";
  const std::string parts = "/" + id + "/";
  if (parts.find("/../") != std::string::npos) return "has a part '..'";
  if (parts.find("/./") != std::string::npos) return "has a part '.'";
  if (parts.find("//") != std::string::npos) return "has an empty part";
  return nullptr;
}

/// Whether a name's byte is escaped wherever it is, or, '-', at the beginning. NUL is not: no file name holds
/// it.
bool is_escaped(char c, std::size_t at) {
  return (is_control(c) && c != '\0') || c == '\\' || (c == '-' && at == 0);
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The byte that the two digits at `at` stand for, if it is one that could be escaped there.
std::optional<char> escaped_byte(std::string_view text, std::size_t at, std::size_t place) {
  if (at + 2 > text.size()) return std::nullopt;
  const int high = digit_of(text[at]), low = digit_of(text[at + 1]);
  if (high < 0 || low < 0) return std::nullopt;
  const char byte = static_cast<char>(16 * high + low);
  const bool possible = is_escaped(byte, place) || byte == '%' || static_cast<unsigned char>(byte) >= 0x80;
  return possible ? std::optional(byte) : std::nullopt;
}

/// The byte of the escape at `at`: "%XX".
std::optional<char> escape_at(std::string_view id, std::size_t at) {
  return at < id.size() && id[at] == '%' ? escaped_byte(id, at + 1, at) : std::nullopt;
}

/// The bytes beyond ASCII that consecutive escapes from `at` on stand for.
std::string high_bytes_at(std::string_view id, std::size_t at) {
  std::string bytes;
  for (auto byte = escape_at(id, at); byte && static_cast<unsigned char>(*byte) >= 0x80;
       byte = escape_at(id, at)) {
    bytes += *byte;
    at += kEscape;
  }
  return bytes;
}

/// Whether none of the bytes belongs to a character: only such ones are ever escaped.
bool all_invalid(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(1))
    if (find_invalid_utf8(bytes) != 0) return false;
  return true;
}

/// Escapes; with `percent` also each '%' that would be taken for the beginning of an escape.
std::string escape(std::string_view name, bool percent) {
  std::string id;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t valid = std::min(find_invalid_utf8(name.substr(at)), name.size() - at);
    for (const std::size_t end = at + valid; at < end; ++at) {
      if (is_escaped(name[at], at) || (percent && escape_at(name, at)))
        id += fmt::format("%{:02X}", static_cast<unsigned char>(name[at]));
      else
        id += name[at];
    }
    if (at < name.size()) id += fmt::format("%{:02X}", static_cast<unsigned char>(name[at++]));
  }
  return id;
}

/// The text with the bytes of what a terminal may not get as %XX.
std::string shown(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const Character next = first_character(text);
    for (const char c : text.substr(0, next.bytes))
      line += next.may_be_shown ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    text.remove_prefix(next.bytes);
  }
  return line;
}

}  // namespace

std::string escape_video_id(std::string_view name) {
  std::string id = escape(name, false);
  return video_name(id) == name ? id : escape(name, true);
}

std::string video_name(std::string_view id) {
  std::string name;
  for (std::size_t at = 0; at < id.size();) {
    const std::string high = high_bytes_at(id, at);
    const std::optional<char> byte = escape_at(id, at);
    if (!high.empty()) {
      name += all_invalid(high) ? high : std::string(id.substr(at, kEscape * high.size()));
      at += kEscape * high.size();
    } else if (byte && (*byte != '%' || escaped_byte(id, at + kEscape, at))) {
      name += *byte;
      at += kEscape;
    } else {
      name += id[at++];
    }
  }
  return name;
}

std::string video_text(const std::string& id) {
  std::string name = video_name(id);
  return find_invalid_utf8(name) == std::string::npos ? name : id;
}

std::string video_line(const std::string& id) {
  std::string name = video_name(id);
  // A name that reads as an escape would look like the id of another one.
  if (video_name(name) == name && shown(name) == name) return name;
  return shown(id);
}

std::string composed(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return std::string(text);
  utf8proc_uint8_t* bytes = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
      &bytes, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(bytes, std::free);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

void validate_video_id(const std::string& id, const std::string& where) {
  if (const char* fault = fault_of_id(id))
    throw Error(Fault::Corrupt, where, fmt::format("the video id '{}' {}", video_line(id), fault),
                "Ids are used as file names: letters, digits, '_', '.' and '/' between folders are safe");
}

std::string video_id_of_path(const std::filesystem::path& relative) {
  return escape_video_id(relative.lexically_normal().generic_string());
}

}  // namespace tvr
