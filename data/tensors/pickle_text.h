#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tvr {

/// The ways in which pickles write texts; nullopt: malformed. Texts are UTF-8; surrogates, which Python's
/// strings may hold, take three bytes each, as in pickles of protocol 1 and later ("surrogatepass").

/// A byte per character of a UTF-8 text (Latin-1); nullopt if one is above 255.
[[nodiscard]] std::optional<std::string> to_latin1(std::string_view text);

/// numpy's 'U': four bytes per character, without the NULs at its end.
[[nodiscard]] std::optional<std::string> from_utf32(std::string_view bytes, bool big_endian);

/// Protocol 0, "raw-unicode-escape": Latin-1, with \uXXXX and \UXXXXXXXX for other characters.
[[nodiscard]] std::optional<std::string> from_raw_unicode_escape(std::string_view text);

/// Protocol 0, a byte string of Python 2 as its repr() writes it, with its quotes.
[[nodiscard]] std::optional<std::string> from_string_repr(std::string_view text);

}  // namespace tvr
