#include "text/tf_idf.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "text/tokenizer.h"

namespace tvr {
namespace {

constexpr int kFewestSentences = 2;

std::string lower_case(std::string_view word) {
  std::string lower;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(word.data());
  auto left = static_cast<utf8proc_ssize_t>(word.size());
  while (left > 0) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(at, left, &character);
    if (length <= 0) break;  // tokenize() gives whole characters
    utf8proc_uint8_t bytes[4];
    lower.append(reinterpret_cast<const char*>(bytes),
                 static_cast<std::size_t>(utf8proc_encode_char(utf8proc_tolower(character), bytes)));
    at += length;
    left -= length;
  }
  return lower;
}

std::vector<std::string> words_of(std::string_view sentence) {
  std::vector<std::string> words;
  for (const std::string& word : tokenize(sentence)) words.push_back(lower_case(word));
  return words;
}

}  // namespace

TfIdf::TfIdf(const std::vector<std::string>& sentences, std::size_t most_words) {
  std::map<std::string, int> sentences_with;
  for (const std::string& sentence : sentences) {
    const std::vector<std::string> words = words_of(sentence);
    for (const std::string& word : std::set<std::string>(words.begin(), words.end())) ++sentences_with[word];
  }
  std::vector<std::pair<std::string, int>> kept;
  std::copy_if(sentences_with.begin(), sentences_with.end(), std::back_inserter(kept),
               [](const auto& word) { return word.second >= kFewestSentences; });
  std::stable_sort(kept.begin(), kept.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  kept.resize(std::min(kept.size(), most_words));
  std::sort(kept.begin(), kept.end());
  for (const auto& [word, count] : kept) {
    words_.push_back(word);
    weights_.push_back(static_cast<float>(
        std::log((1.0 + static_cast<double>(sentences.size())) / (1.0 + static_cast<double>(count))) + 1));
  }
  number();
}

TfIdf::TfIdf(std::vector<std::string> words, std::vector<float> weights)
    : words_(std::move(words)), weights_(std::move(weights)) {
  number();
}

void TfIdf::number() {
  for (std::size_t i = 0; i < words_.size(); ++i) columns_.emplace(words_[i], static_cast<std::int32_t>(i));
}

SparseRow TfIdf::encode(std::string_view sentence) const {
  std::map<std::int32_t, int> counts;
  for (const std::string& word : words_of(sentence)) {
    if (const auto column = columns_.find(word); column != columns_.end()) ++counts[column->second];
  }
  SparseRow row;
  double squares = 0;
  for (const auto& [column, count] : counts) {
    row.columns.push_back(column);
    row.values.push_back(static_cast<float>(count) * weights_[static_cast<std::size_t>(column)]);
    squares += static_cast<double>(row.values.back()) * static_cast<double>(row.values.back());
  }
  for (float& value : row.values) value = static_cast<float>(static_cast<double>(value) / std::sqrt(squares));
  return row;
}

}  // namespace tvr
