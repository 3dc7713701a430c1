#pragma once

#include "text/tokenizers/added_tokens.h"
#include "text/tokenizers/subword_tokenizer.h"
#include "text/tokenizers/unigram.h"

namespace tvr {

/// SigLIP's tokenizer as the SiglipTokenizer of Hugging Face's transformers: each character in lower case,
/// ASCII punctuation removed, white space collapsed, then SentencePiece; "</s>" ends a text and pads it.
class SiglipTokenizer final : public SubwordTokenizer {
 public:
  /// Throws Error(Corrupt) for a model without "</s>" or "<unk>".
  SiglipTokenizer(SentencePieceModel model, const std::string& where);

  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const override;
  [[nodiscard]] SpecialIds special() const override { return {{}, end_, end_}; }
  [[nodiscard]] std::int32_t size() const override { return unigram_.size(); }

 private:
  Unigram unigram_;
  std::int32_t end_;
  AddedTokens named_;
  std::size_t marker_ids_;  // how many ids "<unk>" has as text
};

}  // namespace tvr
