#include "data/datasets/youcook2.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

#include "data/csv.h"
#include "data/datasets/csv_span.h"
#include "data/datasets/dataset_notes.h"
#include "data/datasets/split_files.h"
#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace {

using nlohmann::json;

constexpr double kMostSeconds = 1e9;
constexpr int kMostLevels = 64;

/// Validation videos that HowTo100M has as well. The 3,350 clips of the others are those of MIL-NCE's
/// csv/validation_youcook.csv, and the half of 3,350 is the median rank by chance in HowTo100M's paper.
constexpr const char* kInHowTo100M[] = {
    "1vJp-jaIaeE", "2Zr72r4OCe8", "30Q8k57Kbz4", "4h33GFHLPNg", "524UzHtbAcY", "57e54HEcrUE", "9Y9_OBnJub0",
    "BAoQWVV-bh4", "DeiX_otgD1Q", "FzhJGCaaYVs", "RubyHelAHBE", "W2gnFLOi_AQ", "YA6lhxwLrUI", "aCvIo-M06xI",
    "f2uDKzq8WM0", "lpWOv7Y3JHM", "oC5OvA4BK-E", "vU2lND4YQjM", "wokMK-w7XiA", "x6noOknBPDI", "yreC9D4yYiM"};

bool in_howto100m(const std::string& name) {
  return std::find(std::begin(kInHowTo100M), std::end(kInHowTo100M), name) != std::end(kInHowTo100M);
}

bool is_time(double seconds) { return seconds >= 0 && seconds <= kMostSeconds; }

TimeSpan span_of(double start, double end) {
  return {Micros(std::llround(start * 1e6)), Micros(std::llround(end * 1e6))};
}

struct Segment {
  TimeSpan span;
  std::string sentence;
};

struct Video {
  std::string id;
  std::string subset;
  std::vector<Segment> segments;
};

/// Refuses what would pass unnoticed: a video that is there twice, of which one would be lost.
json parsed(const std::string& where, std::string_view text) {
  std::unordered_set<std::string> videos;
  const auto check = [&](int level, json::parse_event_t event, json& value) {
    if (level > kMostLevels)
      throw Error(Fault::Corrupt, where, fmt::format("it is nested deeper than {} levels", kMostLevels));
    if (event == json::parse_event_t::key && level == 2 && !videos.insert(value.get<std::string>()).second)
      throw Error(Fault::Corrupt, where, "the video '" + value.get<std::string>() + "' is there twice");
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception& error) {
    const std::string words = error.what();
    throw Error(Fault::Corrupt, where, "it is not JSON:" + words.substr(words.find(']') + 1));
  }
}

/// A value with its place in the file, for messages.
class Node {
 public:
  Node(const std::string& where, std::string place, const json& value)
      : where_(where), place_(std::move(place)), value_(value) {}

  [[noreturn]] void fail(const std::string& seen) const {
    throw Error(Fault::Corrupt, where_, place_ + " " + seen);
  }

  [[nodiscard]] Node member(const char* key, const char* wanted, bool (json::*is)() const noexcept) const {
    if (!value_.is_object()) fail("must be an object");
    const auto found = value_.find(key);
    if (found == value_.end()) fail(fmt::format("has no '{}'", key));
    const Node node(where_, place_ + "." + key, *found);
    if (!(node.value_.*is)()) node.fail(fmt::format("must be {}, is {}", wanted, found->type_name()));
    return node;
  }
  [[nodiscard]] Node at(std::size_t i) const { return {where_, fmt::format("{}[{}]", place_, i), value_[i]}; }
  [[nodiscard]] const json& value() const noexcept { return value_; }

 private:
  const std::string& where_;
  std::string place_;
  const json& value_;
};

Segment segment_of(const Node& annotation) {
  const Node times = annotation.member("segment", "an array", &json::is_array);
  const json& pair = times.value();
  const bool fits = pair.size() == 2 && pair[0].is_number() && pair[1].is_number() &&
                    is_time(pair[0].get<double>()) && is_time(pair[1].get<double>()) &&
                    pair[0].get<double>() <= pair[1].get<double>();
  if (!fits) times.fail("must be [start, end] in seconds, is " + pair.dump().substr(0, 80));
  const Node sentence = annotation.member("sentence", "a string", &json::is_string);
  return {span_of(pair[0].get<double>(), pair[1].get<double>()), sentence.value().get<std::string>()};
}

std::vector<Video> read_videos(const std::filesystem::path& path) {
  const std::string where = path.string();
  const json root = parsed(where, read_text_file(path));
  const Node database = Node(where, "the file", root).member("database", "an object", &json::is_object);
  std::vector<Video> videos;
  for (const auto& [name, value] : database.value().items()) {
    const Node node(where, "database." + name, value);
    Video video;
    video.id = escape_video_id(name);
    validate_video_id(video.id, where + ": database." + name);
    video.subset = node.member("subset", "a string", &json::is_string).value().get<std::string>();
    if (video.subset != "training" && video.subset != "validation")
      node.fail("has the subset '" + video.subset + "', wanted training or validation");
    const Node annotations = node.member("annotations", "an array", &json::is_array);
    for (std::size_t i = 0; i < annotations.value().size(); ++i)
      video.segments.push_back(segment_of(annotations.at(i)));
    videos.push_back(std::move(video));
  }
  return videos;
}

/// Ids of a list in YouCook2's form: "recipe/id" or "id", a line each.
std::vector<std::string> read_list(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  std::vector<std::string> ids;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = trim(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (line.empty() || line == "video_id") continue;
    ids.push_back(escape_video_id(line.substr(line.rfind('/') + 1)));
  }
  if (ids.empty()) throw Error(Fault::Corrupt, path.string(), "lists no video");
  return ids;
}

class Splits {
 public:
  Splits(const DatasetSpec& spec, DataSet& data)
      : spec_(spec), data_(data), videos_(read_videos(spec.annotations)) {
    for (const Video& video : videos_) by_id_.emplace(video.id, &video);
  }

  [[nodiscard]] CaptionSet listed(const std::filesystem::path& list, const std::string& split) {
    std::vector<const Video*> chosen;
    std::vector<std::string> unknown;
    std::set<std::string> seen;
    for (const std::string& id : read_list(list)) {
      const auto found = by_id_.find(id);
      if (found == by_id_.end())
        unknown.push_back(id);
      else if (seen.insert(id).second)
        chosen.push_back(found->second);
    }
    if (!unknown.empty())
      throw Error(Fault::Mismatch, list.string(),
                  fmt::format("lists {} videos that are not in {}: {}", unknown.size(),
                              spec_.annotations.string(), examples(unknown)));
    return captions_of(chosen, split);
  }

  [[nodiscard]] CaptionSet subset(const std::string& name, const std::string& split) {
    std::vector<const Video*> chosen;
    std::size_t videos = 0, clips = 0;
    for (const Video& video : videos_) {
      if (video.subset != name) continue;
      if (name == "validation" && in_howto100m(video_name(video.id))) {
        ++videos;
        clips += video.segments.size();
      } else {
        chosen.push_back(&video);
      }
    }
    if (videos > 0)
      data_.notes.push_back(fmt::format(
          "{}: {} validation videos with {} clips are left out, as in the published figures: HowTo100M has "
          "them, too; --test val_list.txt takes all",
          split, videos, clips));
    return captions_of(chosen, split);
  }

 private:
  [[nodiscard]] CaptionSet captions_of(const std::vector<const Video*>& videos, const std::string& split) {
    CaptionSetBuilder set(true);
    std::size_t without_text = 0;
    for (const Video* video : videos) {
      for (const Segment& segment : video->segments) {
        without_text += trim(segment.sentence).empty() ? 1 : 0;
        set.add({video->id, segment.span}, segment.sentence);
      }
    }
    if (without_text > 0)
      data_.notes.push_back(fmt::format("{}: {} clips have no text and so no words", split, without_text));
    return set.take();
  }

  const DatasetSpec& spec_;
  DataSet& data_;
  const std::vector<Video> videos_;
  std::map<std::string, const Video*> by_id_;
};

}  // namespace

bool is_youcook2_json(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return false;
  const std::string text = read_text_file(path);
  return trim(text).substr(0, 1) == "{" && text.find("\"database\"") != std::string::npos &&
         text.find("\"sentence\"") != std::string::npos;
}

DataSet read_youcook2(const DatasetSpec& spec) {
  require_no_glob(spec);
  DataSet data;
  data.name = "YouCook2";
  Splits splits(spec, data);
  if (!spec.train.empty())
    data.train = splits.listed(spec.train, "train");
  else if (!spec.test_only)
    data.train = splits.subset("training", "train");
  if (!spec.val.empty()) data.val = splits.listed(spec.val, "val");
  data.test = spec.test.empty() ? splits.subset("validation", "test") : splits.listed(spec.test, "test");
  require_disjoint(data);
  if (data.train.empty() && data.test.empty())
    throw Error(Fault::Mismatch, spec.annotations.string(),
                "neither the train nor the test split has a clip");
  note_split(data, "train", data.train);
  note_split(data, "val", data.val);
  note_split(data, "test", data.test);
  return data;
}

bool is_youcook2_csv(const std::filesystem::path& path) {
  return csv_has_columns(path, {"video_id", "start", "end", "text"});
}

DataSet read_youcook2_csv(const DatasetSpec& spec) {
  require_no_glob(spec);
  for (const auto& [flag, list] :
       {std::pair{"--train", &spec.train}, std::pair{"--val", &spec.val}, std::pair{"--test", &spec.test}}) {
    if (!list->empty())
      throw Error(Fault::InvalidArgument, flag, "it has no meaning with a CSV of test clips",
                  "For the other splits give youcookii_annotations_trainval.json");
  }
  const CsvTable table(spec.annotations);
  const std::size_t start_column = table.column("start"), end_column = table.column("end"),
                    text_column = table.column("text"), id_column = table.column("video_id");
  CaptionSetBuilder test(true);
  std::size_t without_text = 0;
  for (const CsvTable::Row& row : table.rows()) {
    const std::string id = escape_video_id(table.required(row, id_column));
    validate_video_id(id, table.where(row));
    const std::string& text = row.cells[text_column];
    without_text += trim(text).empty() ? 1 : 0;
    test.add({id, csv_span(table, row, start_column, end_column)}, text);
  }
  DataSet data;
  data.name = "YouCook2";
  data.test = test.take();
  if (data.test.empty()) throw Error(Fault::Corrupt, table.name(), "has no clip");
  if (without_text > 0)
    data.notes.push_back(fmt::format("test: {} clips have no text and so no words", without_text));
  note_split(data, "test", data.test);
  return data;
}

}  // namespace tvr
