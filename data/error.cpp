#include "data/error.h"

#include <string_view>

#include "data/character.h"

namespace tvr {
namespace {

constexpr std::size_t kLongestBytes = 2000;

void append_escaped(std::string& text, char byte) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  text += {'\\', 'x', kDigits[value >> 4U], kDigits[value & 15U]};
}

/// Text from files must not control a terminal, break JSON or fill a log: what may not be shown becomes \x1b
/// and the like, and long text is truncated.
std::string legible(std::string_view text) {
  std::string clean;
  text = text.substr(0, 2 * kLongestBytes);
  while (!text.empty()) {
    const Character next = first_character(text);
    for (const char byte : text.substr(0, next.bytes))
      next.may_be_shown ? clean.push_back(byte) : append_escaped(clean, byte);
    text.remove_prefix(next.bytes);
  }
  if (clean.size() <= kLongestBytes) return clean;
  std::size_t end = kLongestBytes;
  while ((static_cast<unsigned char>(clean[end]) & 0xC0U) == 0x80U) --end;  // not within a character
  return clean.substr(0, end) + "...";
}

std::string compose(const std::string& where, const std::string& seen, const std::string& advice) {
  std::string text = where.empty() ? seen : where + ": " + seen;
  if (!advice.empty()) text += ". " + advice;
  return text;
}

}  // namespace

const char* name(Fault fault) noexcept {
  switch (fault) {
    case Fault::InvalidArgument:
      return "invalid_argument";
    case Fault::NotFound:
      return "not_found";
    case Fault::Unreadable:
      return "unreadable";
    case Fault::Corrupt:
      return "corrupt";
    case Fault::Unsupported:
      return "unsupported";
    case Fault::Mismatch:
      return "mismatch";
    case Fault::Limit:
      return "limit";
    case Fault::Timeout:
      return "timeout";
    case Fault::Busy:
      return "busy";
    case Fault::Device:
      return "device";
    case Fault::Machine:
      return "machine";
    case Fault::Interrupted:
      return "interrupted";
  }
  return "unknown";
}

Error::Error(Fault fault, const std::string& where, const std::string& seen, const std::string& advice)
    : std::runtime_error(compose(legible(where), legible(seen), legible(advice))),
      fault_(fault),
      where_(where),
      seen_(legible(seen)),
      advice_(legible(advice)) {}

}  // namespace tvr
