#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/descriptor.h"

namespace tvr {

/// Reads JSON piece by piece, so that a text may be larger than memory; what a caller does not ask for is
/// checked and passed over. It takes Python's NaN, Infinity and -Infinity for numbers, as its json module
/// writes them. Strings must be UTF-8; half a surrogate pair becomes U+FFFD. Every error is an Error(Corrupt)
/// that names the text and the byte.
class JsonStream {
 public:
  enum class Kind { Null, Bool, Number, String, Array, Object };

  /// Of an open file, from the byte `position` on. `name`: in errors.
  JsonStream(const Descriptor& file, std::string name, std::uint64_t position);
  /// Of a text, which must outlive this.
  JsonStream(std::string_view text, std::string name);
  JsonStream(const JsonStream&) = delete;
  JsonStream& operator=(const JsonStream&) = delete;

  /// Byte of the next character to be read.
  [[nodiscard]] std::uint64_t position() const noexcept;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// What the next value is, by its first character.
  [[nodiscard]] Kind kind();
  /// Takes the character if it comes next, after white space.
  [[nodiscard]] bool take(char wanted);
  void expect(char wanted);
  /// Whether only white space is left.
  [[nodiscard]] bool at_end();
  /// Of at most `most_bytes`.
  void read_string(std::string& text, std::size_t most_bytes);
  /// The characters of a number, or one of Python's words; valid until the next call.
  [[nodiscard]] std::string_view read_number();
  [[nodiscard]] bool read_bool();
  /// Of at most 64 levels.
  void skip_value();

  [[noreturn]] void fail(const std::string& seen) const;

 private:
  [[nodiscard]] bool fill();
  [[nodiscard]] int peek();        // the next character; -1: there is none
  [[nodiscard]] int peek_token();  // the same, after white space
  void read_word(std::string_view word);
  void read_escape(std::string& text);
  [[nodiscard]] std::uint32_t read_hex();
  void skip_value(int level);
  void skip_members(bool with_keys, char close, int level);

  const Descriptor* file_ = nullptr;
  std::string name_;
  std::string buffer_;      // of a file
  std::string_view piece_;  // the part of the text that is at hand
  std::size_t at_ = 0;      // in it
  std::uint64_t base_ = 0;  // where it begins in the text
  std::string number_;
};

/// The value of what read_number() gave. Throws Error(Corrupt) when a double cannot hold it.
[[nodiscard]] double number_of(std::string_view digits, const JsonStream& stream);
[[nodiscard]] bool is_whole_number(std::string_view digits) noexcept;

}  // namespace tvr
