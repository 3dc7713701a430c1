#include "text/tokenizers/prefix_tree.h"

#include <algorithm>

namespace tvr {

PrefixTree::PrefixTree(std::vector<std::pair<std::string, std::int32_t>> strings) {
  std::stable_sort(strings.begin(), strings.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  /// The strings that pass through a node, which is `depth` bytes deep. std::string sorts by unsigned bytes.
  struct Range {
    std::size_t begin, end, depth;
  };
  std::vector<Range> ranges = {{0, strings.size(), 0}};
  nodes_.emplace_back();
  for (Node node = 0; node < ranges.size(); ++node) {  // level by level
    Range range = ranges[node];
    while (range.begin < range.end && strings[range.begin].first.size() == range.depth) {
      if (nodes_[node].value == kNoValue && range.depth > 0) nodes_[node].value = strings[range.begin].second;
      ++range.begin;
    }
    nodes_[node].first_child = static_cast<Node>(nodes_.size());
    while (range.begin < range.end) {
      const char label = strings[range.begin].first[range.depth];
      std::size_t end = range.begin;
      while (end < range.end && strings[end].first[range.depth] == label) ++end;
      ++nodes_[node].children;
      nodes_.emplace_back();
      nodes_.back().label = static_cast<unsigned char>(label);
      ranges.push_back({range.begin, end, range.depth + 1});
      range.begin = end;
    }
  }
}

PrefixTree::Node PrefixTree::step(Node node, char byte) const noexcept {
  const auto label = static_cast<unsigned char>(byte);
  const Entry* const first = nodes_.data() + nodes_[node].first_child;
  const Entry* const end = first + nodes_[node].children;
  const Entry* const found = std::lower_bound(
      first, end, label, [](const Entry& entry, unsigned char l) { return entry.label < l; });
  return found != end && found->label == label ? static_cast<Node>(found - nodes_.data()) : kNone;
}

PrefixTree::Match PrefixTree::longest(std::string_view text) const noexcept {
  Match match;
  Node node = kRoot;
  for (std::size_t at = 0; at < text.size(); ++at) {
    node = step(node, text[at]);
    if (node == kNone) break;
    if (value(node) != kNoValue) match = {at + 1, value(node)};
  }
  return match;
}

}  // namespace tvr
