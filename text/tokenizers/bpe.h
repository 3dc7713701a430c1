#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tvr {

using Vocabulary = std::unordered_map<std::string, std::int32_t>;

struct BpeOptions {
  std::string end_of_word;              // what the last character of a piece has at its end: "</w>" or ""
  std::optional<std::int32_t> unknown;  // of characters that the vocabulary lacks; none: they are dropped
  bool fuse_unknown = false;            // several of these in a row are one
  bool byte_fallback = false;           // these are spelled by "<0x00>" to "<0xFF>", if all are there
};

/// Two neighbours and what they become, all by id.
struct BpeMerge {
  std::int32_t left = 0, right = 0, merged = 0;
};

/// Byte pair encoding (Sennrich, Haddow and Birch 2016, arXiv:1508.07909) as the BPE of Hugging Face's
/// tokenizers: of all neighbours the pair of the lowest rank is merged first, of equals the leftmost. Needs
/// O(n log n) for n characters.
class Bpe {
 public:
  /// Merges by rank; of a pair that comes twice the last counts. Ids are at least 0; they and their number
  /// are the caller's to bound.
  Bpe(const Vocabulary& vocabulary, const std::vector<BpeMerge>& merges, BpeOptions options);

  /// Appends the ids of a piece of text, well-formed UTF-8, which is what merges do not cross.
  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const;

 private:
  struct Merge {
    std::int32_t right = 0, rank = 0, merged = 0;
  };
  [[nodiscard]] const Merge* find_merge(std::int32_t left, std::int32_t right) const;
  [[nodiscard]] std::vector<std::int32_t> characters(std::string_view piece) const;
  void merge(std::vector<std::int32_t>& symbols) const;

  BpeOptions options_;
  std::unordered_map<char32_t, std::int32_t> inner_, last_;  // characters, last_ those at the end of a piece
  std::array<std::int32_t, 256> bytes_{};                    // of byte_fallback; -1: not in the vocabulary
  std::vector<Merge> merges_;         // by left, then right, then rank: no choice of ids makes a search slow
  std::vector<std::size_t> by_left_;  // where those of a left symbol begin, and the last end
};

}  // namespace tvr
