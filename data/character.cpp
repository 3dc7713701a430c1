#include "data/character.h"

#include <utf8proc.h>

namespace tvr {
namespace {

bool may_be_shown(utf8proc_int32_t code) {
  constexpr utf8proc_int32_t kNonJoiner = 0x200c, kJoiner = 0x200d;
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CS:
      return false;
    case UTF8PROC_CATEGORY_CF:
      return code == kNonJoiner || code == kJoiner;
    default:
      return true;
  }
}

}  // namespace

Character first_character(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {1, first >= 0x20 && first != 0x7f};
  utf8proc_int32_t code = 0;
  const utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                  static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (bytes <= 0) return {1, false};
  return {static_cast<std::size_t>(bytes), may_be_shown(code)};
}

}  // namespace tvr
