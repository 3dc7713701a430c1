#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/prefix_tree.h"

namespace tvr {

/// A token that is found in a text as it is, before everything else.
struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool lstrip = false, rstrip = false;  // white space before and after it belongs to it
};

/// A part of a text: a token, or text between tokens, which is not empty.
struct TextPart {
  std::string_view text;
  std::optional<std::int32_t> token;
};

class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);
  AddedTokens() : AddedTokens(std::vector<AddedToken>{}) {}

  /// The parts of `text` in order: of several tokens the leftmost is taken, of these the longest. The parts
  /// are views of `text`.
  [[nodiscard]] std::vector<TextPart> split(std::string_view text) const;

 private:
  std::vector<AddedToken> tokens_;
  PrefixTree tree_;  // numbers of tokens_
};

}  // namespace tvr
