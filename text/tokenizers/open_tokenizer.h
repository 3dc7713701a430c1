#pragma once

#include <filesystem>
#include <memory>

#include "text/tokenizers/subword_tokenizer.h"

namespace tvr {

/// The tokenizer of an encoder's folder, as Hugging Face or open_clip serves it. Of what the folder has the
/// first is taken: spiece.model (SigLIP), tokenizer.json (CLIP, SigLIP 2), vocab.json with merges.txt (CLIP),
/// bpe_simple_vocab_16e6.txt.gz (CLIP). tokenizer_config.json, if there, says the pad token and whether
/// Gemma's text is put in lower case (do_lower_case, or the class Siglip2Tokenizer); without a config.json of
/// Hugging Face open_clip_config.json says how text is cleaned.
///
/// Throws Error(NotFound) naming what was looked for, and what open_tokenizer_file() throws.
[[nodiscard]] std::unique_ptr<SubwordTokenizer> open_tokenizer(const std::filesystem::path& folder);

/// The tokenizer of one of these files by itself, told apart by content; merges may also be unpacked. Throws
/// Error(NotFound | Unreadable | Limit), Error(Corrupt) for a damaged file and Error(Unsupported) for steps
/// that no known family has.
[[nodiscard]] std::unique_ptr<SubwordTokenizer> open_tokenizer_file(const std::filesystem::path& file);

}  // namespace tvr
