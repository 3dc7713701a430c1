#include "text/tokenizers/clip_vocabulary.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "data/json_stream.h"
#include "text/tokenizers/normalization.h"

namespace tvr {
namespace {

constexpr const char *kStart = "<|startoftext|>", *kEnd = "<|endoftext|>", *kEndOfWord = "</w>";

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

void add_token(Vocabulary& vocabulary, const std::string& token) {
  vocabulary.insert_or_assign(token, static_cast<std::int32_t>(vocabulary.size()));
}

Bpe clip_bpe(const Vocabulary& vocabulary, const std::vector<BpeMerge>& merges, const std::string& where) {
  BpeOptions options;
  options.end_of_word = kEndOfWord;
  options.unknown = id_of(vocabulary, kEnd, where);
  return {vocabulary, merges, options};
}

/// Throws unless every token is a byte, a special token or made by a merge: a list of merges that was cut
/// would give other ids in silence.
void require_merges(const Vocabulary& vocabulary, const std::vector<BpeMerge>& merges,
                    const std::string& where) {
  std::unordered_set<std::int32_t> made;
  for (const BpeMerge& merge : merges) made.insert(merge.merged);
  for (const std::string& character : all_byte_characters()) {
    for (const char* const end : {"", kEndOfWord}) {
      if (const auto found = vocabulary.find(character + end); found != vocabulary.end())
        made.insert(found->second);
    }
  }
  for (const auto& [token, id] : vocabulary) {
    if (made.count(id) == 0 && token != kStart && token != kEnd)
      bad_vocabulary(where, "no merge makes the vocabulary's token '" + token + "'");
  }
}

void add_specials(TokenizerSteps& steps, const Vocabulary& vocabulary, const std::string& where) {
  steps.before = {id_of(vocabulary, kStart, where)};
  steps.after = {id_of(vocabulary, kEnd, where)};
  steps.size = size_of(vocabulary);
}

}  // namespace

decltype(TokenizerSteps::model) clip_model(Bpe bpe, ClipPattern pattern) {
  const auto shared = std::make_shared<const Bpe>(std::move(bpe));
  return [shared, pattern](std::string_view text, std::vector<std::int32_t>& ids) {
    for (const std::string_view piece : clip_pieces(text, pattern))
      shared->encode(byte_characters(piece), ids);
  };
}

TokenizerSteps clip_steps(std::string_view merges, const std::string& where) {
  constexpr std::size_t kMerges = 49152 - 256 - 2;
  std::vector<std::pair<std::string, std::string>> pairs;
  static_cast<void>(take_line(merges));
  while (!merges.empty() && pairs.size() < kMerges) pairs.push_back(split_merge(take_line(merges), where));

  Vocabulary vocabulary;
  for (const char* const end : {"", kEndOfWord})
    for (const std::string& character : all_byte_characters()) add_token(vocabulary, character + end);
  for (const auto& [left, right] : pairs) {
    if (vocabulary.count(left + right) > 0)
      bad_vocabulary(where, "two merges make the token '" + left + right + "'");
    add_token(vocabulary, left + right);
  }
  add_token(vocabulary, kStart);
  add_token(vocabulary, kEnd);

  std::vector<BpeMerge> by_id;
  for (const auto& [left, right] : pairs) by_id.push_back(merge_of(vocabulary, left, right, where));
  TokenizerSteps steps;
  add_specials(steps, vocabulary, where);
  steps.cleaning = {clean_as_clip};
  const auto bpe = std::make_shared<const Bpe>(clip_bpe(vocabulary, by_id, where));
  const std::int32_t start = steps.before.front(), end = steps.after.front();
  steps.model = [bpe, start, end](std::string_view text, std::vector<std::int32_t>& ids) {
    for (const std::string_view piece : clip_pieces(text, ClipPattern::AnyCaseNames)) {
      if (piece == kStart || piece == kEnd)
        ids.push_back(piece == kStart ? start : end);
      else
        bpe->encode(byte_characters(piece), ids);
    }
  };
  return steps;
}

TokenizerSteps clip_steps(std::string_view vocabulary_text, const std::string& vocabulary_where,
                          std::string_view merges, const std::string& merges_where) {
  JsonStream json(vocabulary_text, vocabulary_where);
  const Vocabulary vocabulary = read_vocabulary(json);
  if (!json.at_end()) json.fail("there is more than one value");
  std::vector<BpeMerge> by_id;
  while (!merges.empty()) {
    const std::string_view line = take_line(merges);
    if (line.empty() || line.substr(0, 9) == "#version:") continue;
    const auto [left, right] = split_merge(line, merges_where);
    by_id.push_back(merge_of(vocabulary, left, right, merges_where));
  }
  require_merges(vocabulary, by_id, merges_where);
  TokenizerSteps steps;
  add_specials(steps, vocabulary, vocabulary_where);
  steps.added = {{kStart, steps.before.front()}, {kEnd, steps.after.front()}};
  steps.normalizers = {nfc, collapse_white_space, lower_by_character};
  steps.model = clip_model(clip_bpe(vocabulary, by_id, vocabulary_where), ClipPattern::Plain);
  steps.pad = steps.after.front();
  return steps;
}

}  // namespace tvr
