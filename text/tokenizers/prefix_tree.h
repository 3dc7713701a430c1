#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tvr {

/// Strings with a number each, to find those that a text begins with, byte by byte. Of two strings that are
/// equal the first counts.
class PrefixTree {
 public:
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0, kNone = ~Node{0};
  static constexpr std::int32_t kNoValue = -1;

  /// Values are at least 0. Strings of all together at most 2^31 bytes; an empty one is never found.
  explicit PrefixTree(std::vector<std::pair<std::string, std::int32_t>> strings);
  PrefixTree() : PrefixTree(std::vector<std::pair<std::string, std::int32_t>>{}) {}

  /// Where `byte` leads from `node`; kNone: no string goes on so.
  [[nodiscard]] Node step(Node node, char byte) const noexcept;
  /// Of the string that ends here, or kNoValue.
  [[nodiscard]] std::int32_t value(Node node) const noexcept { return nodes_[node].value; }

  struct Match {
    std::size_t bytes = 0;  // 0: none
    std::int32_t value = kNoValue;
  };
  /// The longest string that `text` begins with.
  [[nodiscard]] Match longest(std::string_view text) const noexcept;

 private:
  /// The children of a node lie side by side, sorted by label.
  struct Entry {
    Node first_child = 0;
    std::int32_t value = kNoValue;
    std::uint16_t children = 0;
    unsigned char label = 0;
  };
  std::vector<Entry> nodes_;
};

}  // namespace tvr
