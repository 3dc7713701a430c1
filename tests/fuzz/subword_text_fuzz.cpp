#include <cstdint>
#include <cstdlib>
#include <memory>

#include "data/text_file.h"
#include "tests/text/tokenizers/vocabularies.h"
#include "text/tokenizers/clip_vocabulary.h"
#include "text/tokenizers/normalization.h"
#include "text/tokenizers/pipeline_tokenizer.h"
#include "text/tokenizers/siglip_tokenizer.h"
#include "text/tokenizers/tokenizer_json.h"

namespace {

using namespace tvr;

std::vector<std::unique_ptr<SubwordTokenizer>> make_tokenizers() {
  std::vector<std::unique_ptr<SubwordTokenizer>> all;
  for (const auto& root : {testing::clip_json(), testing::gemma_json()})
    all.push_back(std::make_unique<PipelineTokenizer>(read_tokenizer_json(root.dump(), "json", {true, ""})));
  all.push_back(std::make_unique<PipelineTokenizer>(clip_steps("#version\nc a\nca t</w>\n", "merges")));
  const std::string pieces = testing::sentencepiece_bytes(testing::siglip_pieces());
  all.push_back(std::make_unique<SiglipTokenizer>(parse_sentencepiece_model(pieces, "pieces"), "pieces"));
  return all;
}

void require_utf8(const std::string& text) {
  if (find_invalid_utf8(text) != std::string_view::npos) std::abort();
}

}  // namespace

/// Any bytes as a text for the tokenizer of each family.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tokenizers = make_tokenizers();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& tokenizer : tokenizers) {
    const std::vector<std::int32_t> ids = tokenizer->encode(text);
    for (const std::int32_t id : ids)
      if (id < 0 || id >= tokenizer->size()) std::abort();
    constexpr std::size_t kContext = 64;
    if (fit(ids, kContext, tokenizer->special()).size() != kContext) std::abort();
  }
  const std::string mended = checked_text(text);
  for (const auto change : {nfc, lower_as_python, clean_as_clip, canonicalize}) require_utf8(change(mended));
  if (nfc(nfc(mended)) != nfc(mended)) std::abort();
  return 0;
}
