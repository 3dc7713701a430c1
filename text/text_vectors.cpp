#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>

#include "data/error.h"
#include "text/vector_files.h"
#include "text/word_offsets.h"
#include "text/word_table_builder.h"

namespace tvr {
namespace {

bool is_separator(char c) { return c == ' ' || c == '\t'; }

/// Splits a line at blanks and tabs, one field at a time; a field is empty only at the end of the line.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}
  std::string_view next() {
    while (!rest_.empty() && is_separator(rest_.front())) rest_.remove_prefix(1);
    const std::size_t end = std::min(rest_.find_first_of(" \t"), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return field;
  }

 private:
  std::string_view rest_;
};

/// Takes fields off the end of a line.
class FieldsFromTheEnd {
 public:
  explicit FieldsFromTheEnd(std::string_view line) : rest_(line) { trim(); }
  /// Empty only when nothing is left.
  std::string_view next() {
    std::size_t begin = rest_.size();
    while (begin > 0 && !is_separator(rest_[begin - 1])) --begin;
    const std::string_view field = rest_.substr(begin);
    rest_ = rest_.substr(0, begin);
    trim();
    return field;
  }
  /// What precedes the fields that were taken.
  std::string_view rest() const { return rest_; }

 private:
  void trim() {
    while (!rest_.empty() && is_separator(rest_.back())) rest_.remove_suffix(1);
  }

  std::string_view rest_;
};

/// Numbers outside float's range become infinite or zero, as with strtof. nullopt: not a number.
std::optional<float> parse_float(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ptr != end || text.empty() || result.ec == std::errc::invalid_argument) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range)
    return text.find("e-") != std::string_view::npos ? 0.0F : HUGE_VALF;
  return static_cast<float>(value);
}

bool is_whole_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The number of fields at the end of `line` that are numbers; the first field is the word, unless it is
/// blank.
int count_numbers(std::string_view line) {
  const bool blank_word = !line.empty() && is_separator(line.front());
  FieldsFromTheEnd fields(line);
  int numbers = 0;
  while (parse_float(fields.next()) && (blank_word || !fields.rest().empty())) ++numbers;
  return numbers;
}

/// Splits text into lines and counts them; LF and CRLF.
class Lines {
 public:
  explicit Lines(std::string_view text, std::size_t begin = 0) : text_(text), at_(begin) {}
  bool next(std::string_view& line) {
    if (at_ == text_.size()) return false;
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    line = text_.substr(at_, end - at_);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    at_ = std::min(end + 1, text_.size());
    ++number_;
    return true;
  }
  std::size_t offset() const { return at_; }
  std::int64_t number() const { return number_; }

 private:
  std::string_view text_;
  std::size_t at_;
  std::int64_t number_ = 0;
};

class TextVectors : public WordVectors {
 public:
  TextVectors(std::unique_ptr<const MappedFile> file, std::string where,
              const std::optional<Word2vecHeader>& header)
      : file_(std::move(file)), where_(std::move(where)), header_(header) {
    dim_ = header_ ? header_->dim : commonest_dim();
    if (dim_ > kMaxVectorDim) throw Error(Fault::Corrupt, where_, fmt::format("line 1 has {} numbers", dim_));
  }

  [[nodiscard]] int dim() const noexcept override { return dim_; }

  [[nodiscard]] std::int64_t size() const noexcept override {
    if (header_) return header_->words;
    const std::string_view bytes = file_->bytes();
    return std::count(bytes.begin(), bytes.end(), '\n') + (bytes.back() != '\n');
  }

  [[nodiscard]] std::vector<std::string> words() const override {
    file_->require_unchanged();
    DistinctWords words;
    (void)walk([&](const Row& row, const Lines&, std::size_t) { words.add(row.word); });
    file_->require_unchanged();
    return words.take();
  }

  [[nodiscard]] WordTable lookup(const std::vector<std::string>& words) const override {
    file_->require_unchanged();
    WordTableBuilder table(words, dim_);
    const auto take_if_wanted = [&](const Row& row, const auto& line) {
      if (table.wants(row.word)) read_numbers(row, line, table.add(row.word));
    };
    std::string note;
    if (offsets_.empty()) {
      note = walk([&](const Row& row, const Lines& lines, std::size_t) {
        take_if_wanted(row, [&] { return lines.number(); });
      });
    } else {
      for (const std::string& word : words) {
        const auto [first, last] = offsets_.candidates(word);
        for (const auto* entry = first; entry != last; ++entry) {
          std::string_view line;
          Lines(file_->bytes().substr(entry->offset)).next(line);
          const auto number = [&, entry = entry] { return line_number(entry->offset); };
          if (const auto row = row_of(line, number)) take_if_wanted(*row, number);
        }
      }
    }
    file_->require_unchanged();
    WordTable found = table.take(where_);
    found.note = std::move(note);
    return found;
  }

  void prepare() override {
    if (!offsets_.empty()) return;
    WordOffsets offsets;
    file_->require_unchanged();
    (void)walk([&](const Row& row, const Lines&, std::size_t begin) { offsets.add(row.word, begin); });
    offsets.sort();
    offsets_ = std::move(offsets);
  }

 private:
  /// A line: the word and its numbers, still as text.
  struct Row {
    std::string_view word, numbers;
  };

  Lines all_lines() const { return Lines(file_->bytes(), byte_order_mark(file_->bytes())); }

  /// Calls use(row, lines, offset of its line) for every word, and checks the file's structure. Returns what
  /// was odd, for WordTable::note.
  template <class Use>
  std::string walk(const Use& use) const {
    Lines lines = all_lines();
    std::string_view line;
    if (header_) lines.next(line);
    std::int64_t rows = 0, odd = 0;
    std::size_t begin = lines.offset();
    for (std::size_t released = 0; lines.next(line); begin = lines.offset()) {
      if (line.empty() && lines.offset() == file_->bytes().size()) break;
      if (const auto row = row_of(line, [&] { return lines.number(); })) {
        use(*row, lines, begin);
      } else {
        ++odd;
      }
      ++rows;
      if (lines.offset() - released > kWalkWindowBytes) file_->release_before(released = lines.offset());
    }
    std::string note = header_ ? note_on_count(rows) : "";
    if (odd > 0) {
      note += fmt::format("{}{} of {} words in {} are or contain a blank and are passed over",
                          note.empty() ? "" : "; ", odd, rows, where_);
    }
    return note;
  }

  /// A sentence on a header whose count is wrong by one, as in files of fastText and gensim; empty if it is
  /// right.
  std::string note_on_count(std::int64_t rows) const {
    if (rows == header_->words) return {};
    const std::string seen = fmt::format("the header says {} words, there are {}", header_->words, rows);
    if (std::abs(rows - header_->words) > 1) throw Error(Fault::Corrupt, where_, seen);
    return where_ + ": " + seen;
  }

  /// The number of numbers on most of the first lines, of which one has some: the word of a single line may
  /// look like a number.
  int commonest_dim() const {
    constexpr int kExaminedLines = 100;
    std::map<int, int> lines_with;
    Lines lines = all_lines();
    std::string_view line;
    for (int i = 0; i < kExaminedLines && lines.next(line); ++i) {
      if (const int numbers = count_numbers(line); numbers > 0) ++lines_with[numbers];
    }
    return std::max_element(lines_with.begin(), lines_with.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
  }

  std::int64_t line_number(std::size_t offset) const {
    const std::string_view before = file_->bytes().substr(0, offset);
    return 1 + std::count(before.begin(), before.end(), '\n');
  }

  std::string at(std::int64_t line) const { return fmt::format("{}:{}", where_, line); }

  /// nullopt for a word that is or contains a blank, as some in GloVe's 840B: no word of a sentence equals
  /// it. `number` returns the line's number, and is called only on an error.
  template <class Number>
  std::optional<Row> row_of(std::string_view line, const Number& number) const {
    FieldsFromTheEnd fields(line);
    std::string_view first;  // of the numbers
    int count = 0;
    for (; count < dim_ && !fields.rest().empty(); ++count) first = fields.next();
    const std::string_view word = without_leading_separators(fields.rest());
    if (count == dim_ && word.empty() && is_separator(line.front())) return std::nullopt;
    if (word.empty()) fail_length(number(), std::max(0, count - 1));
    const std::size_t blank = word.find_first_of(" \t");
    if (blank == std::string_view::npos) {
      return Row{word, line.substr(static_cast<std::size_t>(first.data() - line.data()))};
    }
    if (!could_end_word(fields.next(), first)) fail_length(number(), count_numbers(line));
    return std::nullopt;
  }

  static std::string_view without_leading_separators(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
  }

  /// Whether `field`, which precedes the first number, can be the end of a word with blanks, and not one
  /// number too many. "24 7 0.31 -0.12" is the vector of "24 7".
  static bool could_end_word(std::string_view field, std::string_view first_number) {
    return !parse_float(field) || (is_whole_number(field) && !is_whole_number(first_number));
  }

  [[noreturn]] void fail_length(std::int64_t line, int count) const {
    throw Error(Fault::Corrupt, at(line), fmt::format("the line has {} numbers; expected {}", count, dim_));
  }

  /// `line` returns the line number, and is called only on an error.
  template <class Line>
  void read_numbers(const Row& row, const Line& line, float* values) const {
    Fields fields(row.numbers);
    for (int i = 0; i < dim_; ++i) {
      const std::string_view field = fields.next();
      const std::optional<float> value = parse_float(field);
      if (!value)
        throw Error(Fault::Corrupt, at(line()),
                    fmt::format("'{}' in the vector of '{}' is not a number", field, row.word));
      values[i] = *value;
    }
  }

  std::unique_ptr<const MappedFile> file_;
  std::string where_;
  std::optional<Word2vecHeader> header_;
  int dim_ = 0;
  WordOffsets offsets_;  // empty until prepare()
};

}  // namespace

std::size_t byte_order_mark(std::string_view bytes) noexcept {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  return bytes.substr(0, kMark.size()) == kMark ? kMark.size() : 0;
}

bool is_line_of_vectors(std::string_view line) {
  Lines lines(line);
  if (!lines.next(line)) return false;
  FieldsFromTheEnd fields(line);
  const int numbers = count_numbers(line);
  for (int i = 0; i < numbers; ++i) fields.next();
  const bool one_word = fields.rest().find_first_of(" \t") == std::string_view::npos;
  return numbers > (one_word ? 0 : 1);  // "ends in 1948" is prose
}

std::unique_ptr<WordVectors> open_text_vectors(std::unique_ptr<const MappedFile> file, std::string where,
                                               const std::optional<Word2vecHeader>& header) {
  return std::make_unique<TextVectors>(std::move(file), std::move(where), header);
}

}  // namespace tvr
