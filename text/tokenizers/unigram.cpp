#include "text/tokenizers/unigram.h"

#include <algorithm>
#include <limits>

#include "text/tokenizers/code_points.h"
#include "text/tokenizers/subword_tokenizer.h"
#include "text/tokenizers/vocabulary.h"

namespace tvr {
namespace {

using Kind = SentencePiece::Kind;

constexpr std::string_view kBlank = "\xe2\x96\x81";  // U+2581, which stands for a blank

PrefixTree tree_of(const SentencePieceModel& model, std::initializer_list<Kind> kinds) {
  std::vector<std::pair<std::string, std::int32_t>> texts;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    if (std::find(kinds.begin(), kinds.end(), piece.kind) != kinds.end())
      texts.emplace_back(piece.text, static_cast<std::int32_t>(id));
  }
  return PrefixTree(std::move(texts));
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

// A piece that is Unused is none. The library walks over it, too, but never takes it.
Unigram::Unigram(const SentencePieceModel& model, const std::string& where)
    : map_(model.character_map, where),
      add_dummy_prefix_(model.add_dummy_prefix),
      remove_extra_whitespaces_(model.remove_extra_whitespaces),
      escape_whitespaces_(model.escape_whitespaces),
      pieces_(tree_of(model, {Kind::Normal, Kind::UserDefined})),
      user_defined_(tree_of(model, {Kind::UserDefined})),
      // The library begins its search for the highest score with this, the least positive float.
      lowest_(std::numeric_limits<float>::max()),
      highest_(std::numeric_limits<float>::min()) {
  for (const SentencePiece& piece : model.pieces) {
    if (piece.kind == Kind::Unknown) {
      if (unknown_ >= 0) bad_vocabulary(where, "two pieces stand for the unknown");
      unknown_ = static_cast<std::int32_t>(scores_.size());
    }
    if (piece.kind == Kind::Normal) {
      lowest_ = std::min(lowest_, piece.score);
      highest_ = std::max(highest_, piece.score);
    }
    scores_.push_back(piece.score);
    is_user_defined_.push_back(piece.kind == Kind::UserDefined);
  }
  if (unknown_ < 0) bad_vocabulary(where, "no piece stands for the unknown");
}

CharacterMap::Replacement Unigram::first_normalized(std::string_view text) const {
  const std::size_t bytes = user_defined_.longest(text).bytes;
  return bytes > 0 ? CharacterMap::Replacement{text.substr(0, bytes), bytes} : map_.first(text);
}

std::string Unigram::normalize(std::string_view text) const {
  const std::string_view blank = escape_whitespaces_ ? kBlank : " ";
  std::string normal;
  while (remove_extra_whitespaces_ && !text.empty()) {
    const auto first = first_normalized(text);
    if (first.text != " ") break;
    text.remove_prefix(first.bytes);
  }
  if (text.empty()) return normal;
  if (add_dummy_prefix_) normal += blank;
  bool after_blank = remove_extra_whitespaces_;
  while (!text.empty()) {
    const auto first = first_normalized(text);
    std::string_view part = first.text;
    while (after_blank && !part.empty() && part.front() == ' ') part.remove_prefix(1);
    for (const char c : part) {
      if (c == ' ')
        normal += blank;
      else
        normal += c;
    }
    if (!part.empty()) after_blank = part.back() == ' ';
    after_blank = after_blank && remove_extra_whitespaces_;
    if (normal.size() > kMostEncodedBytes) normal = within_limit(std::move(normal));
    text.remove_prefix(first.bytes);
  }
  while (remove_extra_whitespaces_ && ends_with(normal, blank)) normal.resize(normal.size() - blank.size());
  return normal;
}

std::vector<std::int32_t> Unigram::encode(std::string_view text) const {
  constexpr float kUnknownPenalty = 10;
  constexpr double kUserDefinedPenalty = 0.1;
  /// The best way to cut the text up to a byte: its last piece.
  struct Best {
    std::int32_t id = -1;
    float score = 0;
    std::size_t begin = 0;
  };
  const std::string normal = normalize(text);
  const std::string_view all = normal;
  std::vector<Best> best(all.size() + 1);
  const auto offer = [&best](std::size_t begin, std::size_t end, std::int32_t id, double sum) {
    if (best[end].id < 0 || sum > best[end].score) best[end] = {id, static_cast<float>(sum), begin};
  };
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t character = first_code_point(all.substr(begin)).bytes;
    bool has_character = false;
    PrefixTree::Node node = PrefixTree::kRoot;
    for (std::size_t at = begin; at < all.size(); ++at) {
      node = pieces_.step(node, all[at]);
      if (node == PrefixTree::kNone) break;
      const std::int32_t id = pieces_.value(node);
      if (id == PrefixTree::kNoValue) continue;
      const std::size_t length = at + 1 - begin;
      const double score =
          is_user_defined_[static_cast<std::size_t>(id)]
              ? static_cast<double>(static_cast<float>(length) * highest_) - kUserDefinedPenalty
              : static_cast<double>(scores_[static_cast<std::size_t>(id)]);
      offer(begin, at + 1, id, score + best[begin].score);
      has_character |= length == character;
    }
    const float unknown_score = lowest_ - kUnknownPenalty + best[begin].score;
    if (!has_character) offer(begin, begin + character, unknown_, unknown_score);
    begin += character;
  }
  std::vector<std::int32_t> ids;
  for (std::size_t end = all.size(); end > 0; end = best[end].begin) {
    if (best[end].id != unknown_ || ids.empty() || ids.back() != unknown_) ids.push_back(best[end].id);
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

}  // namespace tvr
