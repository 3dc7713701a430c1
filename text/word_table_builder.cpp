#include "text/word_table_builder.h"

#include <algorithm>
#include <cmath>

#include "data/error.h"

namespace tvr {

WordTableBuilder::WordTableBuilder(const std::vector<std::string>& words, int dim)
    : words_(words), dim_(static_cast<std::size_t>(dim)) {
  for (const std::string& word : words) row_of_.emplace(word, kNotFound);
}

bool WordTableBuilder::wants(std::string_view word) const {
  const auto found = row_of_.find(word);
  return found != row_of_.end() && found->second == kNotFound;
}

float* WordTableBuilder::add(std::string_view word) {
  row_of_.at(word) = static_cast<std::int64_t>(rows_.size() / dim_);
  rows_.resize(rows_.size() + dim_);
  return rows_.data() + rows_.size() - dim_;
}

WordTable WordTableBuilder::take(const std::string& where) const {
  WordTable table;
  table.vectors = Matrix(static_cast<std::int64_t>(rows_.size() / dim_), static_cast<std::int64_t>(dim_));
  for (const std::string& word : words_) {
    const std::int64_t row = row_of_.at(word);
    const auto id = static_cast<std::int32_t>(table.words.size());
    if (row == kNotFound || !table.ids.emplace(word, id).second) continue;
    const float* values = rows_.data() + static_cast<std::size_t>(row) * dim_;
    if (!std::all_of(values, values + dim_, [](float value) { return std::isfinite(value); }))
      throw Error(Fault::Corrupt, where, "the vector of '" + word + "' holds a number that is not finite");
    std::copy_n(values, dim_, table.vectors.row(id));
    table.words.push_back(word);
  }
  return table;
}

}  // namespace tvr
