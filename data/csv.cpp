#include "data/csv.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

constexpr std::size_t kMaxColumns = 1000;

std::string name_of(char separator) {
  switch (separator) {
    case ';':
      return "a semicolon";
    case '\t':
      return "a tab";
    case '|':
      return "a '|'";
    default:
      return "a comma";
  }
}

/// Splits CSV text into rows, one at a time.
class CsvParser {
 public:
  CsvParser(const std::string& name, std::string_view text, char separator)
      : name_(name), text_(text), separator_(separator), ends_{separator, '\r', '\n'} {}

  /// The next row that is not blank; nullopt at the end.
  std::optional<CsvTable::Row> next() {
    while (at_ < text_.size()) {
      CsvTable::Row row;
      row.line = line_;
      do {
        if (row.cells.size() == kMaxColumns)
          throw Error(Fault::Limit, at(line_), "a row has more than 1000 cells");
        row.quoted.push_back(at_ < text_.size() && text_[at_] == '"');
        row.cells.push_back(row.quoted.back() ? quoted() : plain());
      } while (take(separator_));
      take_line_end();
      if (row.cells.size() > 1 || !row.cells[0].empty()) return row;
    }
    return std::nullopt;
  }

 private:
  std::string plain() {
    const std::size_t end = std::min(text_.find_first_of(std::string_view(ends_, 3), at_), text_.size());
    std::string value(text_.substr(at_, end - at_));
    at_ = end;
    return value;
  }

  std::string quoted() {
    const std::int64_t opened = line_;
    std::string value;
    for (++at_;; ++at_) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos)
        throw Error(Fault::Corrupt, at(opened), "the quote that opens here is never closed");
      value += text_.substr(at_, quote - at_);
      line_ += count_line_ends(text_.substr(at_, quote - at_));
      at_ = quote + 1;
      if (at_ == text_.size() || text_[at_] != '"') break;
      value += '"';
    }
    if (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\r' && text_[at_] != '\n')
      throw Error(Fault::Corrupt, at(line_),
                  "text follows a closing quote; expected " + name_of(separator_) + " or the end of the line",
                  "Write quotes inside a quoted cell twice");
    return value;
  }

  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  void take_line_end() {
    const bool carriage_return = take('\r');
    const bool line_feed = take('\n');
    if (carriage_return || line_feed) ++line_;
  }

  static std::int64_t count_line_ends(std::string_view text) {
    return std::count(text.begin(), text.end(), '\n');
  }

  std::string at(std::int64_t line) const { return name_ + ":" + std::to_string(line); }

  const std::string& name_;
  std::string_view text_;
  const char separator_;
  const char ends_[3];  // what ends a cell that is not quoted
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

/// Throws unless `text` is UTF-8 without NUL bytes.
void require_plain_text(const std::string& name, std::string_view text) {
  const auto line_of = [&](std::size_t at) {
    return name + ":" +
           std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
  };
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos)
    throw Error(Fault::Corrupt, line_of(at), "there is a NUL byte; this is not a text file");
  if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos)
    throw Error(Fault::Unsupported, line_of(at), "this line is not UTF-8 text", "Save the file as UTF-8");
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  return list;
}

/// What separates the cells: a comma, or where the header has none, what spreadsheets in some countries write
/// instead.
char separator_of(const std::string& name, std::string_view text) {
  const std::optional<CsvTable::Row> header = CsvParser(name, text, ',').next();
  if (!header || header->cells.size() > 1) return ',';
  const std::string& line = header->cells.front();
  const std::size_t at = header->quoted.front() ? std::string::npos : line.find_first_of(";\t|");
  return at == std::string::npos ? ',' : line[at];
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& letter : made) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return made;
}

/// Whether it is no formula though it begins as one: "-4wsuPCjDBc".
bool is_plain_word(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/';
  });
}

}  // namespace

std::string csv_cell(std::string text) {
  if (!text.empty() && std::string("=+-@\t\r").find(text.front()) != std::string::npos &&
      !is_plain_word(text))
    text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

CsvTable::CsvTable(const std::filesystem::path& path) : CsvTable(path.string(), read_text_file(path)) {}

CsvTable::CsvTable(std::string name, std::string_view text) : name_(std::move(name)) {
  read(text, [this](Row&& row) { rows_.push_back(std::move(row)); });
}

void CsvTable::for_each_row(const std::filesystem::path& path,
                            const std::function<void(const CsvTable&, const Row&)>& use) {
  CsvTable table;
  table.name_ = path.string();
  table.read(read_text_file(path), [&](Row&& row) { use(table, row); });
}

void CsvTable::read(std::string_view text, const std::function<void(Row&&)>& use) {
  require_plain_text(name_, text);
  separator_ = separator_of(name_, text);
  CsvParser parser(name_, text, separator_);
  std::optional<Row> header = parser.next();
  if (!header) throw Error(Fault::Corrupt, name_, "is empty; expected a header line with column names");
  std::set<std::string> seen;
  for (const std::string& cell : header->cells) {
    columns_.emplace_back(trim(cell));
    if (!seen.insert(columns_.back()).second)
      throw Error(Fault::Corrupt, where(*header), "the column '" + columns_.back() + "' is there twice");
  }
  while (std::optional<Row> row = parser.next()) {
    if (row->cells.size() != columns_.size())
      throw Error(Fault::Corrupt, where(*row),
                  "the row has " + std::to_string(row->cells.size()) + " cells, the header " +
                      std::to_string(columns_.size()),
                  "Put a cell that holds " + name_of(separator_) + " in double quotes");
    use(std::move(*row));
  }
}

std::optional<std::size_t> CsvTable::find_column(std::string_view name) const {
  auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) {  // "Video" for "video"
    found = std::find_if(columns_.begin(), columns_.end(),
                         [&](const std::string& column) { return lower(column) == name; });
  }
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

std::size_t CsvTable::column(std::string_view name) const {
  if (const auto found = find_column(name)) return *found;
  throw Error(Fault::NotFound, name_,
              "there is no column '" + std::string(name) + "'; its header has " + quoted_list(columns_));
}

std::string CsvTable::required(const Row& row, std::size_t column) const {
  const std::string_view value = trim(row.cells[column]);
  if (value.empty()) throw Error(Fault::Corrupt, where(row), "the cell '" + columns_[column] + "' is empty");
  return std::string(value);
}

std::string CsvTable::verbatim(const Row& row, std::size_t column) const {
  std::string trimmed = required(row, column);
  return row.quoted[column] ? row.cells[column] : trimmed;
}

std::string CsvTable::where(const Row& row) const { return name_ + ":" + std::to_string(row.line); }

bool csv_has_columns(const std::filesystem::path& path, std::initializer_list<std::string_view> columns) {
  if (!std::filesystem::is_regular_file(path)) return false;
  const std::string text = read_text_file(path);
  const std::string_view lines = trim(text);
  try {
    const CsvTable header(path.string(), lines.substr(0, lines.find_first_of("\r\n")));
    return std::all_of(columns.begin(), columns.end(),
                       [&](std::string_view column) { return header.find_column(column).has_value(); });
  } catch (const Error&) {
    return false;  // not a table
  }
}

}  // namespace tvr
