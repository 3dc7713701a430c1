#include "text/coverage.h"

#include <algorithm>
#include <map>

#include "text/tokenizer.h"

namespace tvr {

TextCoverage measure_coverage(const std::vector<std::string>& sentences, const WordTable& table,
                              std::size_t examples) {
  TextCoverage coverage;
  coverage.sentences = static_cast<std::int64_t>(sentences.size());
  std::map<std::string, std::int64_t> unknown;
  for (const std::string& sentence : sentences) {
    bool has_known_word = false;
    for (std::string& word : tokenize(sentence)) {
      ++coverage.words;
      if (table.ids.count(word) != 0) {
        has_known_word = true;
      } else {
        ++coverage.unknown_words;
        ++unknown[std::move(word)];
      }
    }
    coverage.empty_sentences += !has_known_word;
  }
  auto& commonest = coverage.commonest_unknown;
  commonest.assign(unknown.begin(), unknown.end());
  std::stable_sort(commonest.begin(), commonest.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (commonest.size() > examples) commonest.resize(examples);
  return coverage;
}

}  // namespace tvr
