#include "data/datasets/lsmdc.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "data/datasets/dataset_notes.h"
#include "data/datasets/split_files.h"
#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

constexpr std::size_t kColumns = 6, kSentence = 5;

/// What pandas 1.5 takes for a missing value.
constexpr std::string_view kMissing[] = {"",     "#N/A", "#N/A N/A", "#NA",     "-1.#IND", "-1.#QNAN",
                                         "-NaN", "-nan", "1.#IND",   "1.#QNAN", "<NA>",    "N/A",
                                         "NA",   "NULL", "NaN",      "n/a",     "nan",     "null"};

std::string where(const std::string& name, std::size_t line) { return name + ":" + std::to_string(line); }

void require_text(const std::string& name, std::string_view text) {
  const auto line_of = [&](std::size_t at) {
    return where(name, 1 + static_cast<std::size_t>(std::count(
                               text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')));
  };
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos)
    throw Error(Fault::Corrupt, line_of(at), "there is a NUL byte; this is not a text file");
  if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos)
    throw Error(Fault::Unsupported, line_of(at), "this line is not UTF-8 text", "Save the file as UTF-8");
}

/// Cuts the next line off `text`; lines end with LF, CRLF or CR.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  const bool both = text.substr(0, 2) == "\r\n";
  text.remove_prefix(std::min<std::size_t>(both ? 2 : 1, text.size()));
  return line;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t')) {
    fields.push_back(line.substr(0, tab));
    line.remove_prefix(tab + 1);
  }
  fields.push_back(line);
  return fields;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(' ') == std::string_view::npos; }

/// "00.05.16.065"
bool is_time(std::string_view field) {
  constexpr std::string_view kForm = "00.00.00.000";
  return field.size() == kForm.size() &&
         std::equal(field.begin(), field.end(), kForm.begin(),
                    [](char c, char form) { return form == '.' ? c == '.' : c >= '0' && c <= '9'; });
}

/// pandas' own tokenizer (pandas/_libs/src/parser/tokenizer.c), for a tab, '"' and skip_blank_lines.
class PandasReader {
 public:
  PandasReader(const std::string& name, std::string_view text) : name_(name), text_(text) {}

  /// The fields of the next row; none at the end.
  std::vector<std::string> next() {
    std::vector<std::string> fields;
    skip_blank_lines();
    if (at_ == text_.size()) return fields;
    do fields.push_back(field());
    while (take('\t'));
    take_line_end();
    return fields;
  }
  [[nodiscard]] std::size_t line() const noexcept { return line_; }

 private:
  void skip_blank_lines() {
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find_first_not_of(' ', at_), text_.size());
      if (end < text_.size() && text_[end] != '\r' && text_[end] != '\n') return;
      at_ = end;
      take_line_end();
    }
  }

  std::string field() {
    std::string value;
    if (take('"')) value = quoted();
    const std::size_t end = std::min(text_.find_first_of("\t\r\n", at_), text_.size());
    value += text_.substr(at_, end - at_);
    at_ = end;
    return value;
  }

  /// What lies between an opening quote, which has been taken, and its closing one.
  std::string quoted() {
    const std::size_t opened = line_;
    std::string value;
    for (;;) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos)
        throw Error(Fault::Corrupt, where(name_, opened), "the quote that opens here is never closed",
                    "Read it without --legacy-quotes: quotes are text then");
      const std::string_view part = text_.substr(at_, quote - at_);
      value += part;
      line_ += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
      at_ = quote + 1;
      if (!take('"')) return value;
      value += '"';
    }
  }

  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void take_line_end() {
    const bool carriage_return = take('\r'), line_feed = take('\n');
    if (carriage_return || line_feed) ++line_;
  }

  const std::string& name_;
  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
};

std::string value_of(const std::vector<std::string>& fields, std::size_t column) {
  const bool missing = column >= fields.size() || std::find(std::begin(kMissing), std::end(kMissing),
                                                            fields[column]) != std::end(kMissing);
  return missing ? "nan" : fields[column];
}

/// How many of `rows` are not, just so, among `others`.
std::size_t count_different(const std::vector<LsmdcRow>& rows, const std::vector<LsmdcRow>& others) {
  std::map<std::pair<std::string_view, std::string_view>, std::int64_t> left;
  for (const LsmdcRow& row : others) ++left[{row.clip, row.caption}];
  return static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [&](const LsmdcRow& row) {
    return left[{row.clip, row.caption}]-- <= 0;
  }));
}

/// By how many rows the two ways of reading differ; empty: by none.
std::string difference(const std::string& name, std::string_view text) {
  const std::vector<LsmdcRow> lines = parse_lsmdc(name, text), legacy = parse_lsmdc_as_pandas(name, text);
  const std::size_t different = count_different(lines, legacy);
  if (different == 0) return {};
  return fmt::format(
      "{} of {} lines are not what the reference reads, which has {} rows: there quotes join lines or "
      "vanish, "
      "and words such as NA are missing values",
      different, lines.size(), legacy.size());
}

/// The same, also where one of them cannot read the file.
std::string told_difference(const std::string& name, std::string_view text) {
  try {
    return difference(name, text);
  } catch (const Error& error) {
    return fmt::format("it can be read in one way only, with or without --legacy-quotes ({})", error.what());
  }
}

CaptionSet read_split(const std::filesystem::path& file, const std::string& split, bool legacy,
                      DataSet& data) {
  if (file.empty()) return {};
  const std::string text = read_text_file(file);
  const std::string name = file.string();
  const std::vector<LsmdcRow> rows = legacy ? parse_lsmdc_as_pandas(name, text) : parse_lsmdc(name, text);
  CaptionSetBuilder set(true);
  std::size_t without_text = 0;
  for (const LsmdcRow& row : rows) {
    const std::string id = escape_video_id(row.clip);
    validate_video_id(id, name);
    without_text += trim(row.caption).empty() ? 1 : 0;
    set.add({id, std::nullopt}, row.caption);
  }
  if (without_text > 0)
    data.notes.push_back(fmt::format("{}: {} clips have no text and so no words", split, without_text));
  if (legacy)
    data.notes.push_back(
        fmt::format("{}: quotes and missing values are read as the reference does (--legacy-quotes)", split));
  if (const std::string note = told_difference(name, text); !note.empty())
    data.notes.push_back(split + ": " + note);
  CaptionSet captions = set.take();
  note_split(data, split, captions);
  return captions;
}

}  // namespace

std::vector<LsmdcRow> parse_lsmdc(const std::string& name, std::string_view text) {
  require_text(name, text);
  std::vector<LsmdcRow> rows;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = next_line(text);
    if (is_blank(line)) continue;
    const std::vector<std::string_view> fields = fields_of(line);
    if (fields.size() != kColumns)
      throw Error(
          Fault::Corrupt, where(name, number),
          fmt::format("the line has {} columns, wanted {}: clip, four times and the sentence, separated by "
                      "tabs",
                      fields.size(), kColumns));
    if (trim(fields[0]).empty()) throw Error(Fault::Corrupt, where(name, number), "the line names no clip");
    rows.push_back({std::string(fields[0]), std::string(fields[kSentence])});
  }
  if (rows.empty()) throw Error(Fault::Corrupt, name, "has no row");
  return rows;
}

std::vector<LsmdcRow> parse_lsmdc_as_pandas(const std::string& name, std::string_view text) {
  require_text(name, text);
  PandasReader reader(name, text);
  std::vector<LsmdcRow> rows;
  std::size_t line = reader.line(), columns = 0;
  for (std::vector<std::string> fields = reader.next(); !fields.empty(); fields = reader.next()) {
    if (rows.empty()) columns = fields.size();
    if (columns < kColumns || fields.size() > columns)
      throw Error(Fault::Corrupt, where(name, line),
                  fmt::format("the row that begins here has {} columns, wanted {}", fields.size(), kColumns));
    rows.push_back({value_of(fields, 0), value_of(fields, kSentence)});
    line = reader.line();
  }
  if (rows.empty()) throw Error(Fault::Corrupt, name, "has no row");
  return rows;
}

bool is_lsmdc(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return false;
  const std::string text = read_text_file(path);
  std::string_view rest = trim(text);
  const std::vector<std::string_view> fields = fields_of(next_line(rest));
  return fields.size() > 2 && is_time(fields[1]) && is_time(fields[2]);
}

DataSet read_lsmdc(const DatasetSpec& spec) {
  const SplitFiles files = split_files(spec);
  DataSet data;
  data.name = "LSMDC";
  data.train = read_split(files.train, "train", spec.legacy_quotes, data);
  data.val = read_split(files.val, "val", spec.legacy_quotes, data);
  data.test = read_split(files.test, "test", spec.legacy_quotes, data);
  require_disjoint(data);
  return data;
}

}  // namespace tvr
