#include "text/tokenizers/added_tokens.h"

#include "text/tokenizers/code_points.h"

namespace tvr {
namespace {

PrefixTree tree_of(const std::vector<AddedToken>& tokens) {
  std::vector<std::pair<std::string, std::int32_t>> contents;
  for (const AddedToken& token : tokens)
    contents.emplace_back(token.content, static_cast<std::int32_t>(contents.size()));
  return PrefixTree(std::move(contents));
}

std::string_view without_space_at_end(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = first_code_point(text.substr(at));
    at += c.bytes;
    if (!is_white_space(c.value)) end = at;
  }
  return text.substr(0, end);
}

std::string_view without_space_at_begin(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (!is_white_space(c.value)) break;
    text.remove_prefix(c.bytes);
  }
  return text;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), tree_(tree_of(tokens_)) {}

std::vector<TextPart> AddedTokens::split(std::string_view text) const {
  std::vector<TextPart> parts;
  std::size_t begin = 0, at = 0;  // of the text that belongs to no token yet
  while (at < text.size()) {
    const PrefixTree::Match match = tree_.longest(text.substr(at));
    if (match.bytes == 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(match.value)];
    std::string_view before = text.substr(begin, at - begin);
    if (token.lstrip) before = without_space_at_end(before);
    if (!before.empty()) parts.push_back({before, {}});
    parts.push_back({text.substr(at, match.bytes), token.id});
    at += match.bytes;
    if (token.rstrip) at = text.size() - without_space_at_begin(text.substr(at)).size();
    begin = at;
  }
  if (begin < text.size()) parts.push_back({text.substr(begin), {}});
  return parts;
}

}  // namespace tvr
