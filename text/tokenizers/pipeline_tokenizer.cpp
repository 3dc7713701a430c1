#include "text/tokenizers/pipeline_tokenizer.h"

#include "text/tokenizers/code_points.h"

namespace tvr {
namespace {

std::string changed(std::string text, const std::vector<TokenizerSteps::Change>& changes) {
  for (const auto& change : changes) text = within_limit(change(text));
  return text;
}

}  // namespace

PipelineTokenizer::PipelineTokenizer(TokenizerSteps steps)
    : steps_(std::move(steps)), added_(steps_.added), normalized_(steps_.normalized) {}

std::vector<std::int32_t> PipelineTokenizer::encode(std::string_view text) const {
  const std::string cleaned = changed(checked_text(text), steps_.cleaning);
  std::vector<std::int32_t> ids = steps_.before;
  for (const TextPart& part : added_.split(cleaned)) {
    if (part.token) {
      ids.push_back(*part.token);
      continue;
    }
    const std::string normal = changed(std::string(part.text), steps_.normalizers);
    for (const TextPart& piece : normalized_.split(normal)) {
      if (piece.token)
        ids.push_back(*piece.token);
      else
        steps_.model(piece.text, ids);
    }
  }
  ids.insert(ids.end(), steps_.after.begin(), steps_.after.end());
  return ids;
}

SpecialIds PipelineTokenizer::special() const {
  SpecialIds special;
  if (!steps_.before.empty()) special.start = steps_.before.front();
  if (!steps_.after.empty()) special.end = steps_.after.back();
  special.pad = steps_.pad;
  return special;
}

}  // namespace tvr
