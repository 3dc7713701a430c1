#include "text/query_words.h"

#include <algorithm>

#include "text/tokenizer.h"

namespace tvr {
namespace {

constexpr std::size_t kMostRemembered = 50'000;  // words: an endless stream of new words must not fill memory

/// The words of `sentence` that are wanted, each once, in order.
template <class Wanted>
std::vector<std::string> words_of(const std::string& sentence, const Wanted& wanted) {
  std::vector<std::string> words;
  for (std::string& word : tokenize(sentence)) {
    const bool named = std::find(words.begin(), words.end(), word) != words.end();
    if (!named && wanted(word)) words.push_back(std::move(word));
  }
  return words;
}

}  // namespace

void QueryWords::look_up(const std::vector<std::string>& words) {
  if (known_.size() + words.size() > kMostRemembered) known_.clear();
  std::vector<std::string> fresh;
  for (const std::string& word : words) {
    if (known_.emplace(word, Known{}).second) fresh.push_back(word);
  }
  if (fresh.empty()) return;
  const WordTable found = vectors_->lookup(fresh);
  for (const std::string& word : found.words) {
    const float* const row = found.vectors.row(found.ids.at(word));
    known_[word] = {{row, row + found.vectors.cols()}, found.guessed.count(word) > 0};
  }
}

WordTable QueryWords::table_for(const std::vector<std::string>& sentences) {
  std::vector<std::string> words;
  for (const std::string& sentence : sentences) {
    for (std::string& word : tokenize(sentence)) words.push_back(std::move(word));
  }
  look_up(words);
  WordTable table;
  for (const std::string& word : words) {
    const Known& known = known_.at(word);
    if (known.vector.empty()) continue;
    if (known.guessed) table.guessed.insert(word);
    if (table.ids.emplace(word, static_cast<std::int32_t>(table.words.size())).second)
      table.words.push_back(word);
  }
  table.vectors = Matrix(static_cast<std::int64_t>(table.words.size()), dim());
  for (std::size_t i = 0; i < table.words.size(); ++i) {
    const std::vector<float>& vector = known_.at(table.words[i]).vector;
    std::copy(vector.begin(), vector.end(), table.vectors.row(static_cast<std::int64_t>(i)));
  }
  return table;
}

std::vector<std::string> unknown_words(const std::string& sentence, const WordTable& table) {
  return words_of(sentence, [&](const std::string& word) { return table.ids.count(word) == 0; });
}

std::vector<std::string> guessed_words(const std::string& sentence, const WordTable& table) {
  return words_of(sentence, [&](const std::string& word) { return table.guessed.count(word) > 0; });
}

bool has_familiar_word(const std::string& sentence, const WordTable& table) {
  const std::vector<std::string> words = tokenize(sentence);
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return table.ids.count(word) > 0 && table.guessed.count(word) == 0;
  });
}

}  // namespace tvr
