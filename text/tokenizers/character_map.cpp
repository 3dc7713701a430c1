#include "text/tokenizers/character_map.h"

#include <algorithm>
#include <cstring>

#include "text/tokenizers/code_points.h"
#include "text/tokenizers/vocabulary.h"

namespace tvr {
namespace {

// The bits of a unit of darts-clone's double array.
bool has_leaf(std::uint32_t unit) { return (unit >> 8U & 1U) != 0; }
std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7FFFFFFFU; }
std::uint32_t label_of(std::uint32_t unit) { return unit & 0x800000FFU; }
std::uint32_t offset_of(std::uint32_t unit) { return unit >> 10U << ((unit & 0x200U) >> 6U); }

}  // namespace

CharacterMap::CharacterMap(std::string_view bytes, const std::string& where) {
  if (bytes.empty()) return;
  std::uint32_t array_bytes = 0;
  if (bytes.size() < sizeof array_bytes) bad_vocabulary(where, "its character map is cut");
  std::memcpy(&array_bytes, bytes.data(), sizeof array_bytes);
  bytes.remove_prefix(sizeof array_bytes);
  if (array_bytes > bytes.size() || array_bytes % sizeof(std::uint32_t) != 0)
    bad_vocabulary(where, "its character map is cut");
  units_.resize(array_bytes / sizeof(std::uint32_t));
  std::memcpy(units_.data(), bytes.data(), array_bytes);
  strings_ = bytes.substr(array_bytes);
}

CharacterMap::Replacement CharacterMap::first(std::string_view text) const {
  const std::size_t character = first_code_point(text).bytes;
  Replacement best{text.substr(0, character), character};
  if (units_.empty()) return best;
  constexpr std::size_t kLongestKey = 256;  // of SentencePiece's rules the longest has 18 bytes
  std::uint32_t place = offset_of(units_[0]);
  for (std::size_t at = 0; at < std::min(text.size(), kLongestKey); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    place ^= byte;
    if (place >= units_.size() || label_of(units_[place]) != byte) break;
    const std::uint32_t unit = units_[place];
    place ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (place >= units_.size() || value_of(units_[place]) >= strings_.size()) break;
    best = {strings_.c_str() + value_of(units_[place]), at + 1};
  }
  return best;
}

}  // namespace tvr
