#include "text/word_offsets.h"

#include <algorithm>
#include <tuple>

#include "data/stable_hash.h"

namespace tvr {

void WordOffsets::add(std::string_view word, std::size_t offset) {
  entries_.push_back({stable_hash(word), offset});
}

void WordOffsets::sort() {
  entries_.shrink_to_fit();
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.hash, a.offset) < std::tie(b.hash, b.offset);
  });
}

std::pair<const WordOffsets::Entry*, const WordOffsets::Entry*> WordOffsets::candidates(
    std::string_view word) const {
  const std::uint64_t hash = stable_hash(word);
  const Entry* const end = entries_.data() + entries_.size();
  const auto first = std::lower_bound(entries_.data(), end, hash,
                                      [](const Entry& entry, std::uint64_t h) { return entry.hash < h; });
  const auto last = std::find_if(first, end, [&](const Entry& entry) { return entry.hash != hash; });
  return {first, last};
}

}  // namespace tvr
