#include <cstdint>
#include <cstdlib>

#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view sentence(reinterpret_cast<const char*>(data), size);
  std::size_t at = 0;
  for (const std::string& word : tvr::tokenize(sentence)) {
    at = sentence.find(word, at);  // words come in order and do not overlap
    if (word.empty() || at == std::string_view::npos) std::abort();
    at += word.size();
    if (tvr::tokenize(word) != std::vector<std::string>{word}) std::abort();
  }
  return 0;
}
