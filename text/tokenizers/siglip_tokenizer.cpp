#include "text/tokenizers/siglip_tokenizer.h"

#include <algorithm>

#include "text/tokenizers/normalization.h"
#include "text/tokenizers/vocabulary.h"

namespace tvr {
namespace {

constexpr std::string_view kBlank = "\xe2\x96\x81";
const std::string kEnd = "</s>", kUnknown = "<unk>";

/// transformers turns the dummy prefix off and puts its own there.
SentencePieceModel without_dummy_prefix(SentencePieceModel model) {
  model.add_dummy_prefix = false;
  return model;
}

std::int32_t id_of(const SentencePieceModel& model, const std::string& text, const std::string& where) {
  const auto found = std::find_if(model.pieces.begin(), model.pieces.end(),
                                  [&](const SentencePiece& piece) { return piece.text == text; });
  if (found == model.pieces.end()) bad_vocabulary(where, "it has no piece '" + text + "'");
  return static_cast<std::int32_t>(found - model.pieces.begin());
}

}  // namespace

SiglipTokenizer::SiglipTokenizer(SentencePieceModel model, const std::string& where)
    : unigram_(without_dummy_prefix(model), where),
      end_(id_of(model, kEnd, where)),
      named_({{kEnd, end_, true, true}, {kUnknown, id_of(model, kUnknown, where), true, true}}),
      marker_ids_(unigram_.encode(kUnknown).size()) {}

std::vector<std::int32_t> SiglipTokenizer::encode(std::string_view text) const {
  const std::string marked = std::string(kBlank) + replace_all(checked_text(text), kBlank, " ");
  const std::string lower = lower_by_character(marked);
  std::vector<std::int32_t> ids;
  for (const TextPart& part : named_.split(lower)) {
    if (part.token) {
      ids.push_back(*part.token);
      continue;
    }
    // SentencePiece removes blanks at the beginning, so transformers encodes them behind a marker.
    const std::string words = collapse_python_space(without_punctuation(part.text));
    const std::vector<std::int32_t> more = unigram_.encode(kUnknown + std::string(strip(words)));
    const std::size_t skipped = more.size() >= marker_ids_ ? marker_ids_ : 0;
    ids.insert(ids.end(), more.begin() + static_cast<std::ptrdiff_t>(skipped), more.end());
  }
  if (ids.empty() || ids.back() != end_) ids.push_back(end_);
  return ids;
}

}  // namespace tvr
