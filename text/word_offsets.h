#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace tvr {

/// Offsets of words in a large file: 16 bytes per word, whatever its length.
class WordOffsets {
 public:
  struct Entry {
    std::uint64_t hash = 0;
    std::uint64_t offset = 0;
  };

  void add(std::string_view word, std::size_t offset);
  /// Call once, after the last add().
  void sort();
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// Candidate offsets of `word`, in file order: other words may have the same hash.
  [[nodiscard]] std::pair<const Entry*, const Entry*> candidates(std::string_view word) const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace tvr
