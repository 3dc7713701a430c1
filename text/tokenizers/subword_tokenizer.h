#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// The ids that a text tower needs to know.
struct SpecialIds {
  std::optional<std::int32_t> start;  // of the token before every text
  std::optional<std::int32_t> end;    // of the token after it, which a text that is cut keeps
  std::int32_t pad = 0;
};

/// Text of more bytes than this is refused: text towers read at most 77 tokens.
constexpr std::size_t kMostEncodedBytes = std::size_t{1} << 20;

/// `text` as every tokenizer reads it: U+FFFD for each byte that is not UTF-8. Throws Error(Limit) for more
/// than kMostEncodedBytes.
[[nodiscard]] std::string checked_text(std::string_view text);
/// Normalized text. Throws Error(Limit) where a vocabulary's rules have made more than 16 MiB of it.
[[nodiscard]] std::string within_limit(std::string text);

/// What makes a text tower's input of a text. Thread-safe: encoding changes nothing.
class SubwordTokenizer {
 public:
  SubwordTokenizer() = default;
  virtual ~SubwordTokenizer() = default;
  SubwordTokenizer(const SubwordTokenizer&) = delete;
  SubwordTokenizer& operator=(const SubwordTokenizer&) = delete;

  /// The ids of the whole text with its special tokens, neither cut nor padded. A byte that is not UTF-8 is
  /// read as U+FFFD. Throws Error(Limit) for more than kMostEncodedBytes, or when normalized more than 16
  /// times that.
  [[nodiscard]] virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;
  [[nodiscard]] virtual SpecialIds special() const = 0;
  /// One more than the largest id: the rows that a token embedding must have.
  [[nodiscard]] virtual std::int32_t size() const = 0;
};

/// Exactly `context` ids, of which `encode()` gave some: too many are cut, the end token then being put last,
/// as OpenAI's, Hugging Face's and SigLIP's code do; too few are padded at the end. Throws
/// Error(InvalidArgument) unless `context` > 0.
///
/// OpenAI and open_clip pad CLIP's texts by 0, Hugging Face by the end token. It makes no difference to a
/// causal tower that is read at the first end token. SigLIP reads the last position of all 64, so its padding
/// (1 by SigLIP, 0 by SigLIP 2) is part of the text.
[[nodiscard]] std::vector<std::int32_t> fit(std::vector<std::int32_t> ids, std::size_t context,
                                            const SpecialIds& special);

}  // namespace tvr
