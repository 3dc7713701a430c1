#include "text/sentence.h"

#include "text/tokenizer.h"

namespace tvr {

std::vector<std::int32_t> encode(std::string_view sentence, const WordTable& table, int max_words) {
  std::vector<std::int32_t> ids;
  for (const std::string& word : tokenize(sentence)) {
    if (static_cast<int>(ids.size()) == max_words) break;
    if (const auto found = table.ids.find(word); found != table.ids.end()) ids.push_back(found->second);
  }
  return ids;
}

}  // namespace tvr
