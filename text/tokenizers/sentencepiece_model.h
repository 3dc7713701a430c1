#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// A piece of a vocabulary; its id is its place.
struct SentencePiece {
  enum class Kind { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

  std::string text;
  float score = 0;  // the logarithm of its probability
  Kind kind = Kind::Normal;
};

/// What a model of SentencePiece (spiece.model, google/sentencepiece's sentencepiece_model.proto) says.
struct SentencePieceModel {
  std::vector<SentencePiece> pieces;
  std::string character_map;  // precompiled_charsmap: how characters are normalized
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
};

/// Reads such a model, which is a Protocol Buffers message. We read it ourselves, for SentencePiece's library
/// trusts it: damaged models make it read beyond its memory and abort. Throws Error(Corrupt) for what is no
/// such message, for numbers that are none and pieces that come twice, and Error(Unsupported) for models that
/// are not unigram, fall back to bytes or put blanks behind words. `where` is the file's name.
[[nodiscard]] SentencePieceModel parse_sentencepiece_model(std::string_view bytes, const std::string& where);

}  // namespace tvr
