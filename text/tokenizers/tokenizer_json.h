#pragma once

#include <string>
#include <string_view>

#include "text/tokenizers/pipeline_tokenizer.h"

namespace tvr {

/// What a tokenizer_config.json says beside it.
struct TokenizerConfig {
  bool lower_case = false;  // a Lowercase comes first, unless the file has one
  std::string pad_token;    // "": that of the file's padding, else "<pad>", else the token at a text's end
};

/// The steps that a tokenizer.json (huggingface/tokenizers, version 1.0) describes: those that the tokenizers
/// of CLIP and SigLIP 2 (Gemma) are made of. Its padding and truncation are left to fit().
///
/// Throws Error(Unsupported), naming it, for any other step, Error(Corrupt) for what contradicts itself, and
/// Error(Limit) for more than any known file has; `where` is the file's name. No id is 2^24 or more.
[[nodiscard]] TokenizerSteps read_tokenizer_json(std::string_view text, const std::string& where,
                                                 const TokenizerConfig& config);

}  // namespace tvr
