#pragma once

#include <string>
#include <string_view>

#include "text/tokenizers/clip_pieces.h"
#include "text/tokenizers/pipeline_tokenizer.h"
#include "text/tokenizers/vocabulary.h"

namespace tvr {

/// CLIP's tokenizer as openai/CLIP has it, by its list of merges (bpe_simple_vocab_16e6.txt, unpacked): a
/// line of heading, then a merge a line, of which the first 48,894 count. Ids are those of 256 bytes, of the
/// same at the end of a word, of the merges, of <|startoftext|> and <|endoftext|>. Padded by 0. Throws
/// Error(Corrupt).
[[nodiscard]] TokenizerSteps clip_steps(std::string_view merges, const std::string& where);

/// The same by vocab.json and merges.txt, with the steps of the tokenizer.json that Hugging Face's
/// transformers makes of these two: NFC, white space collapsed, each character in lower case. Padded by the
/// end token. Throws Error(Corrupt).
[[nodiscard]] TokenizerSteps clip_steps(std::string_view vocabulary, const std::string& vocabulary_where,
                                        std::string_view merges, const std::string& merges_where);

/// A model that cuts text into CLIP's pieces and encodes the bytes of each.
[[nodiscard]] decltype(TokenizerSteps::model) clip_model(Bpe bpe, ClipPattern pattern);

}  // namespace tvr
