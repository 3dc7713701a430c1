#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

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
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

int count_fields(std::string_view text) {
  int fields = 0;
  bool inside = false;
  for (const char c : text) {
    fields += !inside && !is_separator(c);
    inside = !is_separator(c);
  }
  return fields;
}

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

/// Splits text into lines and counts them; LF and CRLF.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
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
  std::size_t at_ = 0;
  std::int64_t number_ = 0;
};

class TextVectors : public WordVectors {
 public:
  TextVectors(std::unique_ptr<const MappedFile> file, std::string where,
              const std::optional<Word2vecHeader>& header)
      : file_(std::move(file)), where_(std::move(where)), header_(header) {
    std::string_view line;
    Lines(file_->bytes()).next(line);
    dim_ = header_ ? header_->dim : count_fields(line) - 1;
    if (dim_ > kMaxVectorDim) throw Error(Fault::Corrupt, where_, fmt::format("line 1 has {} numbers", dim_));
  }

  [[nodiscard]] int dim() const noexcept override { return dim_; }

  [[nodiscard]] std::int64_t size() const noexcept override {
    if (header_) return header_->words;
    const std::string_view bytes = file_->bytes();
    return std::count(bytes.begin(), bytes.end(), '\n') + (bytes.back() != '\n');
  }

  [[nodiscard]] WordTable lookup(const std::vector<std::string>& words) const override {
    file_->require_unchanged();
    WordTableBuilder table(words, dim_);
    const auto take_if_wanted = [&](std::string_view word, Fields numbers, const auto& line) {
      if (table.wants(word)) read_numbers(numbers, word, line, table.add(word));
    };
    if (offsets_.empty()) {
      walk([&](std::string_view word, Fields numbers, const Lines& lines, std::size_t) {
        take_if_wanted(word, numbers, [&] { return lines.number(); });
      });
    } else {
      for (const std::string& word : words) {
        const auto [first, last] = offsets_.candidates(word);
        for (const auto* entry = first; entry != last; ++entry) {
          std::string_view line;
          Lines(file_->bytes().substr(entry->offset)).next(line);
          Fields fields(line);
          const std::string_view found = fields.next();
          take_if_wanted(found, fields, [&, entry = entry] { return line_number(entry->offset); });
        }
      }
    }
    file_->require_unchanged();
    return table.take(where_);
  }

  void prepare() override {
    if (!offsets_.empty()) return;
    WordOffsets offsets;
    walk([&](std::string_view word, const Fields&, const Lines&, std::size_t begin) {
      offsets.add(word, begin);
    });
    file_->require_unchanged();
    offsets.sort();
    offsets_ = std::move(offsets);
  }

 private:
  /// Calls use(word, its numbers, lines, offset of its line) for every word, and checks the file's structure.
  template <class Use>
  void walk(const Use& use) const {
    Lines lines(file_->bytes());
    std::string_view line;
    if (header_) lines.next(line);
    std::int64_t rows = 0;
    std::size_t begin = lines.offset();
    for (std::size_t released = 0; lines.next(line); begin = lines.offset()) {
      if (line.empty() && lines.offset() == file_->bytes().size()) break;
      Fields fields(line);
      const std::string_view word = fields.next();
      if (has_right_length(fields.rest(), lines.number())) use(word, fields, lines, begin);
      ++rows;
      if (lines.offset() - released > kWalkWindowBytes) file_->release_before(released = lines.offset());
    }
    if (header_ && rows != header_->words)
      throw Error(Fault::Corrupt, where_,
                  fmt::format("the header says {} words, there are {}", header_->words, rows));
  }

  std::int64_t line_number(std::size_t offset) const {
    const std::string_view before = file_->bytes().substr(0, offset);
    return 1 + std::count(before.begin(), before.end(), '\n');
  }

  std::string at(std::int64_t line) const { return fmt::format("{}:{}", where_, line); }

  /// False for a word that contains blanks, as some in GloVe's 840B: no word of a sentence equals it.
  bool has_right_length(std::string_view numbers, std::int64_t line) const {
    const int count = count_fields(numbers);
    if (count == dim_) return true;
    if (count > dim_ && !header_ && !parse_float(Fields(numbers).next())) return false;
    throw Error(Fault::Corrupt, at(line), fmt::format("the line has {} numbers; expected {}", count, dim_));
  }

  /// `line` returns the line number, and is called only on an error.
  template <class Line>
  void read_numbers(Fields& fields, std::string_view word, const Line& line, float* values) const {
    for (int i = 0; i < dim_; ++i) {
      const std::string_view field = fields.next();
      const std::optional<float> value = parse_float(field);
      if (!value)
        throw Error(Fault::Corrupt, at(line()),
                    fmt::format("'{}' in the vector of '{}' is not a number", field, word));
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

bool is_line_of_vectors(std::string_view line) {
  Lines lines(line);
  if (!lines.next(line)) return false;
  Fields fields(line);
  fields.next();
  int numbers = 0;
  for (std::string_view field = fields.next(); !field.empty(); field = fields.next(), ++numbers)
    if (!parse_float(field)) return false;
  return numbers > 0;
}

std::unique_ptr<WordVectors> open_text_vectors(std::unique_ptr<const MappedFile> file, std::string where,
                                               const std::optional<Word2vecHeader>& header) {
  return std::make_unique<TextVectors>(std::move(file), std::move(where), header);
}

}  // namespace tvr
