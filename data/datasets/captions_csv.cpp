#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "data/csv.h"
#include "data/datasets/csv_span.h"
#include "data/datasets/dataset_notes.h"
#include "data/datasets/datasets.h"
#include "data/datasets/video.h"
#include "data/error.h"
#include "data/stable_hash.h"

namespace tvr {
namespace {

enum class Split { Train, Val, Test };

/// Reads the time spans of rows; an empty start and end mean the whole video.
class SpanColumns {
 public:
  explicit SpanColumns(const CsvTable& table)
      : table_(table), start_(table.find_column("start")), end_(table.find_column("end")) {
    if (start_.has_value() != end_.has_value())
      throw Error(Fault::NotFound, table.name(), "has only one of the columns 'start' and 'end'");
  }

  std::optional<TimeSpan> span(const CsvTable::Row& row) const {
    if (!start_ || (row.cells[*start_].empty() && row.cells[*end_].empty())) return std::nullopt;
    return csv_span(table_, row, *start_, *end_);
  }

 private:
  const CsvTable& table_;
  std::optional<std::size_t> start_, end_;
};

Split parse_split(const CsvTable& table, const CsvTable::Row& row, std::size_t column) {
  const std::string text = table.required(row, column);
  if (text == "train") return Split::Train;
  if (text == "val" || text == "validate" || text == "validation") return Split::Val;
  if (text == "test") return Split::Test;
  throw Error(Fault::Corrupt, table.where(row),
              fmt::format("the split is '{}'; expected train, val or test", text));
}

/// Whether `glob` matches the name or its part below any of its folders: "ours/*" matches
/// "videos/ours/0001.mp4".
bool matches(const std::string& glob, std::string_view name) {
  for (;;) {
    if (fnmatch(glob.c_str(), std::string(name).c_str(), 0) == 0) return true;
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos) return false;
    name.remove_prefix(slash + 1);
  }
}

std::set<std::string> videos_matching(const std::string& glob, const std::set<std::string>& ids,
                                      const std::string& where) {
  std::set<std::string> matching;
  for (const std::string& id : ids)
    if (matches(composed(glob), composed(video_name(id)))) matching.insert(id);
  if (matching.empty() || matching.size() == ids.size())
    throw Error(Fault::NotFound, where,
                fmt::format("{} of {} videos match '{}'; one is '{}'", matching.size(), ids.size(), glob,
                            *ids.begin()),
                "The pattern selects the test videos; the others are for training");
  return matching;
}

struct Row {
  ClipRef clip;       // its video's name with the blanks around it: resolve_video_ids() says whose they are
  std::string video;  // the id without them, unless they are quoted
  std::string caption;
  Split split = Split::Train;
};

/// The rows of a table, without those whose clip has no length.
struct Rows {
  std::vector<Row> rows;
  std::vector<std::string> empty;  // "captions.csv:17"
};

Rows read_rows(const CsvTable& table) {
  const std::size_t video_column = table.column("video");
  const std::size_t caption_column = table.column("caption");
  const auto split_column = table.find_column("split");
  const SpanColumns spans(table);
  std::vector<Row> rows;
  std::vector<std::string> empty;
  std::map<std::string, Split> split_of;
  for (const CsvTable::Row& cells : table.rows()) {
    Row row;
    row.video = video_id_of_path(table.verbatim(cells, video_column));
    row.clip = {video_id_of_path(cells.cells[video_column]), spans.span(cells)};
    row.caption = table.required(cells, caption_column);
    validate_video_id(row.video, table.where(cells));
    if (split_column) row.split = parse_split(table, cells, *split_column);
    if (split_of.emplace(row.video, row.split).first->second != row.split)
      throw Error(
          Fault::Mismatch, table.where(cells),
          fmt::format("the video '{}' is in two splits; the splits must not share videos", row.video));
    if (row.clip.span && row.clip.span->start == row.clip.span->end) {
      empty.push_back(table.where(cells));
    } else {
      rows.push_back(std::move(row));
    }
  }
  if (rows.empty()) {
    throw Error(Fault::Corrupt, table.name(),
                empty.empty() ? "has no caption" : "every clip ends where it starts");
  }
  return {std::move(rows), std::move(empty)};
}

void cut(std::vector<Row>& rows, const CaptionSplit& split, const std::string& where) {
  std::set<std::string> ids;
  for (const Row& row : rows) ids.insert(row.video);
  std::set<std::string> test;
  if (!split.test_videos.empty()) {
    test = videos_matching(split.test_videos, ids, where);
  } else if (split.test_fraction == 1) {
    test = ids;
  } else if (split.test_fraction != 0) {  // 0: all videos are for training
    test = choose_share(ids, split.test_fraction, 0);
  }
  for (Row& row : rows) row.split = test.count(row.video) != 0 ? Split::Test : Split::Train;
}

/// A misspelt 'start' or 'split' must not go unnoticed.
void note_unread_columns(DataSet& data, const CsvTable& table) {
  const std::set<std::string> known = {"video", "caption", "start", "end", "split"};
  std::vector<std::string> unread;
  const auto is_read = [&](const std::string& column) {
    return std::any_of(known.begin(), known.end(), [&](const std::string& name) {
      const auto found = table.find_column(name);
      return found && table.columns()[*found] == column;
    });
  };
  for (const std::string& column : table.columns())
    if (!is_read(column)) unread.push_back("'" + column + "'");
  if (unread.empty()) return;
  data.notes.push_back(fmt::format("columns that are not read: {}; those that are: {}",
                                   fmt::join(unread, ", "), fmt::join(known, ", ")));
}

/// Captions hold such characters, too, so a reader is told how the lines were divided.
void note_separator(DataSet& data, const CsvTable& table) {
  const char separator = table.separator();
  if (separator == ',') return;
  data.notes.push_back(fmt::format("{} is divided by {} rather than commas: {}", table.name(),
                                   separator == ';'    ? "semicolons"
                                   : separator == '\t' ? "tabs"
                                                       : "'|'",
                                   fmt::join(table.columns(), std::string(1, separator))));
}

}  // namespace

bool is_captions_csv(const std::filesystem::path& path) {
  return csv_has_columns(path, {"video", "caption"});
}

DataSet read_captions(const std::filesystem::path& csv, const CaptionSplit& split) {
  const CsvTable table(csv);
  auto [rows, empty] = read_rows(table);
  if (!table.find_column("split")) cut(rows, split, table.name());

  CaptionSetBuilder train, val, test;
  for (Row& row : rows) {
    CaptionSetBuilder& set = row.split == Split::Train ? train : row.split == Split::Val ? val : test;
    set.add(row.clip, std::move(row.caption));
  }
  DataSet data{csv.stem().string(), train.take(), val.take(), test.take(), {}};
  data.empty_spans = static_cast<std::int64_t>(empty.size());
  if (!empty.empty()) {
    data.notes.push_back(fmt::format("{} captions are left out: their clip ends where it starts ({})",
                                     empty.size(), examples(empty)));
  }
  note_separator(data, table);
  note_unread_columns(data, table);
  note_split(data, "train", data.train);
  note_split(data, "val", data.val);
  note_split(data, "test", data.test);
  return data;
}

}  // namespace tvr
