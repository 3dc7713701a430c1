#include <cstdint>
#include <cstdlib>

#include "data/error.h"
#include "data/gzip.h"
#include "text/tokenizers/clip_vocabulary.h"
#include "text/tokenizers/pipeline_tokenizer.h"
#include "text/tokenizers/siglip_tokenizer.h"
#include "text/tokenizers/tokenizer_json.h"

namespace {

void encode(const tvr::SubwordTokenizer& tokenizer) {
  for (const char* const text :
       {"a photo of <h1> cats, it's 2 \xf0\x9f\x8e\x89 \xff</s>", "", " \xe2\x96\x81"})
    for (const std::int32_t id : tokenizer.encode(text))
      if (id < 0 || id >= tokenizer.size()) std::abort();
}

template <class Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const tvr::Error&) {
  }
}

}  // namespace

/// The same bytes as each kind of vocabulary; what is read encodes text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kMostUnpacked = 1 << 20;
  attempt([&] {
    encode(tvr::PipelineTokenizer(tvr::read_tokenizer_json(bytes, "fuzz", {size % 2 == 0, ""})));
  });
  attempt([&] { encode(tvr::PipelineTokenizer(tvr::clip_steps(bytes, "fuzz"))); });
  attempt([&] {
    const std::size_t middle = bytes.find('\n');
    const std::string_view merges = middle == std::string_view::npos ? "" : bytes.substr(middle);
    encode(tvr::PipelineTokenizer(tvr::clip_steps(bytes.substr(0, middle), "fuzz", merges, "fuzz")));
  });
  attempt([&] { encode(tvr::SiglipTokenizer(tvr::parse_sentencepiece_model(bytes, "fuzz"), "fuzz")); });
  attempt([&] { static_cast<void>(tvr::gunzip(bytes, "fuzz", kMostUnpacked)); });
  return 0;
}
