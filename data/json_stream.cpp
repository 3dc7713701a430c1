#include "data/json_stream.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <limits>

#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;
constexpr std::size_t kLongestNumber = 1000;
constexpr int kMostLevels = 64;

bool is_space(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(int c) { return c >= '0' && c <= '9'; }
bool is_number_part(int c) { return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; }

/// Whether the text is a number as JSON writes it.
bool is_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - start;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const std::size_t first = at;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto continued = [&](int shift) { text += static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | code >> 6U);
    continued(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | code >> 12U);
    continued(6), continued(0);
  } else {
    text += static_cast<char>(0xF0U | code >> 18U);
    continued(12), continued(6), continued(0);
  }
}

}  // namespace

JsonStream::JsonStream(const Descriptor& file, std::string name, std::uint64_t position)
    : file_(&file), name_(std::move(name)), base_(position) {
  if (::lseek(file.get(), static_cast<off_t>(position), SEEK_SET) < 0)
    throw Error(Fault::Unreadable, name_, "cannot be read from byte " + std::to_string(position));
}

JsonStream::JsonStream(std::string_view text, std::string name) : name_(std::move(name)), piece_(text) {}

std::uint64_t JsonStream::position() const noexcept { return base_ + at_; }

JsonStream::Kind JsonStream::kind() {
  const int c = peek_token();
  switch (c) {
    case '{':
      return Kind::Object;
    case '[':
      return Kind::Array;
    case '"':
      return Kind::String;
    case 't':
    case 'f':
      return Kind::Bool;
    case 'n':
      return Kind::Null;
    default:
      if (c == '-' || c == 'N' || c == 'I' || is_digit(c)) return Kind::Number;
      fail(c < 0 ? "it ends where a value should begin" : "a value should begin here");
  }
}

bool JsonStream::take(char wanted) {
  if (peek_token() != static_cast<unsigned char>(wanted)) return false;
  ++at_;
  return true;
}

void JsonStream::expect(char wanted) {
  if (!take(wanted)) fail(fmt::format("{}'{}' should be here", peek() < 0 ? "it ends where " : "", wanted));
}

bool JsonStream::at_end() { return peek_token() < 0; }

void JsonStream::read_string(std::string& text, std::size_t most_bytes) {
  expect('"');
  text.clear();
  bool ascii = true;
  for (;;) {
    if (peek() < 0) fail("it ends within a string");
    const std::size_t start = at_;
    unsigned char c = 0;
    while (at_ < piece_.size() && (c = static_cast<unsigned char>(piece_[at_])) != '"' && c != '\\' &&
           c >= 0x20) {
      ascii &= c < 0x80;
      ++at_;
    }
    text += piece_.substr(start, at_ - start);
    if (text.size() > most_bytes) fail(fmt::format("a string has more than {} bytes", most_bytes));
    if (at_ == piece_.size()) continue;
    if (c < 0x20) fail("a control character stands in a string as it is");
    ++at_;
    if (c == '"') break;
    read_escape(text);
  }
  if (!ascii && find_invalid_utf8(text) != std::string_view::npos)
    fail("the string that ends here is not UTF-8");
}

std::string_view JsonStream::read_number() {
  number_.clear();
  const int first = peek_token();
  if (first == 'N') {
    read_word("NaN");
    return "NaN";
  }
  if (first == '-' || first == 'I') {
    number_ += first == '-' ? "-" : "";
    at_ += number_.size();
    if (peek() == 'I') {
      read_word("Infinity");
      return number_ += "Infinity";
    }
  }
  while (is_number_part(peek())) {
    number_ += piece_[at_++];
    if (number_.size() > kLongestNumber) fail("a number has more than 1000 characters");
  }
  if (!is_number(number_)) fail("the number that ends here is none of JSON's");
  return number_;
}

bool JsonStream::read_bool() {
  const bool value = peek_token() == 't';
  read_word(value ? "true" : "false");
  return value;
}

void JsonStream::skip_value() { skip_value(1); }

void JsonStream::skip_value(int level) {
  if (level > kMostLevels) fail("it is nested deeper than 64 levels");
  constexpr std::size_t kMostSkippedBytes = std::size_t{64} << 20;
  std::string skipped;
  switch (kind()) {
    case Kind::Object:
      return skip_members(true, '}', level);
    case Kind::Array:
      return skip_members(false, ']', level);
    case Kind::String:
      return read_string(skipped, kMostSkippedBytes);
    case Kind::Number:
      return void(read_number());
    case Kind::Bool:
      return void(read_bool());
    case Kind::Null:
      return read_word("null");
  }
}

void JsonStream::skip_members(bool with_keys, char close, int level) {
  constexpr std::size_t kMostKeyBytes = 1 << 20;
  ++at_;
  if (take(close)) return;
  do {
    if (with_keys) {
      std::string key;
      read_string(key, kMostKeyBytes);
      expect(':');
    }
    skip_value(level + 1);
  } while (take(','));
  expect(close);
}

void JsonStream::fail(const std::string& seen) const {
  throw Error(Fault::Corrupt, fmt::format("{}: byte {}", name_, position()), "not JSON: " + seen);
}

bool JsonStream::fill() {
  if (file_ == nullptr) return false;
  base_ += piece_.size();
  at_ = 0;
  buffer_.resize(kPieceBytes);
  buffer_.resize(read_all(*file_, buffer_.data(), buffer_.size(), name_));
  piece_ = buffer_;
  return !piece_.empty();
}

int JsonStream::peek() {
  if (at_ == piece_.size() && !fill()) return -1;
  return static_cast<unsigned char>(piece_[at_]);
}

int JsonStream::peek_token() {
  int c = peek();
  while (is_space(c)) {
    ++at_;
    c = peek();
  }
  return c;
}

void JsonStream::read_word(std::string_view word) {
  for (const char letter : word) {
    if (peek() != letter) fail(fmt::format("'{}' should be here", word));
    ++at_;
  }
}

void JsonStream::read_escape(std::string& text) {
  constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  const int letter = peek();
  if (letter < 0) fail("it ends within a string");
  if (letter != 'u') {
    const std::size_t place = kLetters.find(static_cast<char>(letter));
    if (place == std::string_view::npos)
      fail("a backslash stands before a character that it does not escape");
    ++at_;
    text += kMeanings[place];
    return;
  }
  constexpr std::uint32_t kHigh = 0xD800, kLow = 0xDC00, kBeyond = 0xE000, kReplacement = 0xFFFD;
  ++at_;
  std::uint32_t code = read_hex();
  while (code >= kHigh && code < kLow) {  // the first half of a pair, which may lack the second
    if (peek() != '\\') return append_utf8(text, kReplacement);
    ++at_;
    if (peek() != 'u') {
      append_utf8(text, kReplacement);
      return read_escape(text);
    }
    ++at_;
    const std::uint32_t second = read_hex();
    const bool is_pair = second >= kLow && second < kBeyond;
    append_utf8(text, is_pair ? 0x10000 + ((code - kHigh) << 10U) + (second - kLow) : kReplacement);
    if (is_pair) return;
    code = second;
  }
  append_utf8(text, code >= kLow && code < kBeyond ? kReplacement : code);
}

std::uint32_t JsonStream::read_hex() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int c = peek();
    const int digit = is_digit(c)            ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) fail("four hexadecimal digits should follow \\u");
    value = 16 * value + static_cast<std::uint32_t>(digit);
    ++at_;
  }
  return value;
}

double number_of(std::string_view digits, const JsonStream& stream) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (digits == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (digits == "Infinity") return kInfinity;
  if (digits == "-Infinity") return -kInfinity;
  double value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{})
    stream.fail("the number that ends here is out of range");
  return value;
}

bool is_whole_number(std::string_view digits) noexcept {
  return digits.find_first_of(".eENI") == std::string_view::npos;
}

}  // namespace tvr
