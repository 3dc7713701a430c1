#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/added_tokens.h"
#include "text/tokenizers/subword_tokenizer.h"

namespace tvr {

/// The steps from a text to its ids, in their order, as Hugging Face's tokenizers divide them.
struct TokenizerSteps {
  using Change = std::function<std::string(std::string_view)>;

  std::vector<Change> cleaning;        // of the whole text, before all else
  std::vector<AddedToken> added;       // found in the cleaned text
  std::vector<Change> normalizers;     // of what lies between these
  std::vector<AddedToken> normalized;  // found in normalized text
  /// Appends the ids of text between tokens.
  std::function<void(std::string_view text, std::vector<std::int32_t>& ids)> model;
  std::vector<std::int32_t> before, after;  // around the whole
  std::int32_t pad = 0;
  std::int32_t size = 0;  // one more than the largest id of all these
};

class PipelineTokenizer final : public SubwordTokenizer {
 public:
  explicit PipelineTokenizer(TokenizerSteps steps);

  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const override;
  [[nodiscard]] SpecialIds special() const override;
  [[nodiscard]] std::int32_t size() const override { return steps_.size; }

 private:
  TokenizerSteps steps_;
  AddedTokens added_, normalized_;
};

}  // namespace tvr
