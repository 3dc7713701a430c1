#include "text/tokenizers/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <queue>
#include <tuple>
#include <utility>

#include "text/tokenizers/code_points.h"

namespace tvr {
namespace {

constexpr std::int32_t kNone = -1;

}  // namespace

Bpe::Bpe(const Vocabulary& vocabulary, const std::vector<BpeMerge>& merges, BpeOptions options)
    : options_(std::move(options)), merges_(merges.size()) {
  for (const auto& [token, id] : vocabulary) {
    if (token.empty()) continue;
    const CodePoint c = first_code_point(token);
    const std::string_view rest = std::string_view(token).substr(c.bytes);
    if (rest.empty()) inner_.emplace(c.value, id);
    if (rest == options_.end_of_word) last_.emplace(c.value, id);
  }
  for (unsigned byte = 0; byte < bytes_.size(); ++byte) {
    const auto found = vocabulary.find(fmt::format("<0x{:02X}>", byte));
    bytes_[byte] = found == vocabulary.end() ? kNone : found->second;
  }

  std::int32_t largest = kNone;
  for (const BpeMerge& merge : merges) largest = std::max(largest, merge.left);
  by_left_.assign(static_cast<std::size_t>(largest + 2), 0);
  for (const BpeMerge& merge : merges) ++by_left_[static_cast<std::size_t>(merge.left) + 1];
  std::partial_sum(by_left_.begin(), by_left_.end(), by_left_.begin());
  std::vector<std::size_t> places = by_left_;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const BpeMerge& merge = merges[rank];
    merges_[places[static_cast<std::size_t>(merge.left)]++] = {merge.right, static_cast<std::int32_t>(rank),
                                                               merge.merged};
  }
  const auto begin = merges_.begin();
  for (std::size_t left = 0; left + 1 < by_left_.size(); ++left) {
    std::sort(begin + static_cast<std::ptrdiff_t>(by_left_[left]),
              begin + static_cast<std::ptrdiff_t>(by_left_[left + 1]), [](const Merge& a, const Merge& b) {
                return std::tie(a.right, a.rank) < std::tie(b.right, b.rank);
              });
  }
}

const Bpe::Merge* Bpe::find_merge(std::int32_t left, std::int32_t right) const {
  const auto place = static_cast<std::size_t>(left);
  if (place + 1 >= by_left_.size()) return nullptr;
  const Merge* const begin = merges_.data() + by_left_[place];
  const Merge* const end = merges_.data() + by_left_[place + 1];
  const Merge* const past = std::upper_bound(
      begin, end, right, [](std::int32_t wanted, const Merge& merge) { return wanted < merge.right; });
  return past != begin && (past - 1)->right == right ? past - 1 : nullptr;
}

std::vector<std::int32_t> Bpe::characters(std::string_view piece) const {
  std::vector<std::int32_t> symbols;
  bool after_unknown = false;
  while (!piece.empty()) {
    const CodePoint c = first_code_point(piece);
    const auto& known = c.bytes == piece.size() ? last_ : inner_;
    const std::string_view spelled = piece.substr(0, c.bytes);
    const auto id_of = [this](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
    const auto found = known.find(c.value);
    const bool by_bytes =
        found == known.end() && options_.byte_fallback &&
        std::all_of(spelled.begin(), spelled.end(), [&](char byte) { return id_of(byte) != kNone; });
    const bool is_unknown = found == known.end() && !by_bytes;
    if (found != known.end()) symbols.push_back(found->second);
    if (by_bytes) std::transform(spelled.begin(), spelled.end(), std::back_inserter(symbols), id_of);
    if (is_unknown && options_.unknown && !(after_unknown && options_.fuse_unknown))
      symbols.push_back(*options_.unknown);
    after_unknown = is_unknown;
    piece.remove_prefix(c.bytes);
  }
  return symbols;
}

void Bpe::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  std::vector<std::int32_t> symbols = characters(piece);
  merge(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void Bpe::merge(std::vector<std::int32_t>& symbols) const {
  /// A pair that could be merged when it was found, by the place of its left symbol.
  struct Candidate {
    std::int32_t rank;
    std::size_t at;
    std::int32_t merged;
    bool operator<(const Candidate& other) const {  // the queue gives the largest first
      return std::tie(rank, at) > std::tie(other.rank, other.at);
    }
  };
  const std::size_t count = symbols.size();
  std::vector<std::size_t> next(count), previous(count);  // the symbols that are left; `count`: none
  std::vector<Candidate> candidates;
  const auto candidate_at = [&](std::size_t left) -> std::optional<Candidate> {
    if (left == count || symbols[left] == kNone || next[left] == count) return {};
    const Merge* const found = find_merge(symbols[left], symbols[next[left]]);
    return found == nullptr ? std::nullopt : std::optional(Candidate{found->rank, left, found->merged});
  };
  for (std::size_t i = 0; i < count; ++i) {
    next[i] = i + 1;
    previous[i] = i == 0 ? count : i - 1;
  }
  for (std::size_t i = 0; i < count; ++i)
    if (const auto candidate = candidate_at(i)) candidates.push_back(*candidate);

  std::priority_queue<Candidate> queue({}, std::move(candidates));
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const auto now = candidate_at(best.at);
    if (!now || now->merged != best.merged) continue;  // one of the two has been merged meanwhile
    const std::size_t gone = next[best.at];
    symbols[best.at] = best.merged;
    symbols[gone] = kNone;
    next[best.at] = next[gone];
    if (next[gone] != count) previous[next[gone]] = best.at;
    for (const std::size_t left : {previous[best.at], best.at})
      if (const auto candidate = candidate_at(left)) queue.push(*candidate);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), kNone), symbols.end());
}

}  // namespace tvr
