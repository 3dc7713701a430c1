#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace tvr {

/// Where the words of a large file lie: 16 bytes a word, whatever its length.
class WordOffsets {
 public:
  struct Entry {
    std::uint64_t hash = 0;
    std::uint64_t offset = 0;
  };

  void add(std::string_view word, std::size_t offset);
  /// To be called once, after the last add().
  void sort();
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  /// The places where `word` may lie, in the order of the file: another word may have its hash.
  [[nodiscard]] std::pair<const Entry*, const Entry*> candidates(std::string_view word) const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace tvr
