#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/character_map.h"
#include "text/tokenizers/prefix_tree.h"
#include "text/tokenizers/sentencepiece_model.h"

namespace tvr {

/// SentencePiece's unigram model (Kudo 2018, arXiv:1804.10959): of all ways to cut a normalized text into
/// pieces, the most probable. Ids, scores and ties are those of google/sentencepiece 0.1.97 to 0.2.0.
class Unigram {
 public:
  /// Throws Error(Corrupt) unless one piece stands for the unknown.
  Unigram(const SentencePieceModel& model, const std::string& where);

  /// The ids of the pieces of well-formed text; characters in a row that no piece has are one unknown.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const;
  [[nodiscard]] std::int32_t size() const noexcept { return static_cast<std::int32_t>(scores_.size()); }

 private:
  [[nodiscard]] CharacterMap::Replacement first_normalized(std::string_view text) const;
  [[nodiscard]] std::string normalize(std::string_view text) const;

  CharacterMap map_;
  bool add_dummy_prefix_, remove_extra_whitespaces_, escape_whitespaces_;
  PrefixTree pieces_;        // those that a text can be cut into
  PrefixTree user_defined_;  // those that stay as they are
  std::vector<float> scores_;
  std::vector<bool> is_user_defined_;
  std::int32_t unknown_ = -1;
  float lowest_, highest_;  // scores of normal pieces
};

}  // namespace tvr
