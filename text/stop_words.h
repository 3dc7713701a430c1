#pragma once

#include <string>
#include <string_view>

namespace tvr {

/// Whether a word, in any case, is one that says little about what is seen: English function words ("the",
/// "don't") and words that narrators use of themselves ("video", "gonna", "guys"). The list is ours, made in
/// the spirit of HowTo100M's, which it does not repeat.
[[nodiscard]] bool is_stop_word(std::string_view word);

/// The other words of a text (tokenize()), in their order and case, with a blank between them.
[[nodiscard]] std::string without_stop_words(std::string_view text);

/// The number of the list: a list that differs has another.
constexpr int kStopWordList = 1;

}  // namespace tvr
