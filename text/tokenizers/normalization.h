#pragma once

#include <string>
#include <string_view>

namespace tvr {

// What tokenizers do to a text before they split it. All take well-formed UTF-8 (well_formed()) and need time
// and memory in proportion to the text, or nearly so.

/// Unicode's canonical composition.
[[nodiscard]] std::string nfc(std::string_view text);

/// Every character in lower case by itself, as the Lowercase of Hugging Face's tokenizers does: a final sigma
/// is as any other, U+0130 becomes two.
[[nodiscard]] std::string lower_by_character(std::string_view text);
/// Python's str.lower(): the same, but for the sigma at the end of a word (Unicode's Final_Sigma).
[[nodiscard]] std::string lower_as_python(std::string_view text);

/// Each run of white space as one blank; the second by Python's re, whose white space is larger.
[[nodiscard]] std::string collapse_white_space(std::string_view text);
[[nodiscard]] std::string collapse_python_space(std::string_view text);
/// Python's str.strip().
[[nodiscard]] std::string_view strip(std::string_view text);

/// Without the 32 of Python's string.punctuation, which are ASCII.
[[nodiscard]] std::string without_punctuation(std::string_view text);

/// `text` with `to` in place of each `from`, which is not empty.
[[nodiscard]] std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

// How the code that a model was published with cleans a text before its tokenizer sees it. Where that code
// calls ftfy.fix_text() nothing is done here: ftfy repairs text of a wrong encoding, makes curly quotes
// straight and wide letters narrow, and text without such is what it leaves as it is.

/// As openai/CLIP's SimpleTokenizer: HTML entities unescaped twice, white space collapsed, lower case.
[[nodiscard]] std::string clean_as_clip(std::string_view text);
/// As open_clip's "whitespace": the same, without lower case.
[[nodiscard]] std::string clean_as_open_clip(std::string_view text);
/// As open_clip's and big_vision's "canonicalize": entities unescaped twice, '_' as a blank, no punctuation,
/// lower case, white space collapsed.
[[nodiscard]] std::string canonicalize(std::string_view text);

}  // namespace tvr
