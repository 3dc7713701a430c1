#include "data/datasets/caption_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <utility>

#include "data/datasets/dataset_notes.h"
#include "data/datasets/split_files.h"
#include "data/datasets/video_extensions.h"
#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/json_text.h"
#include "data/stable_hash.h"
#include "data/text_file.h"

namespace tvr {
namespace {

using nlohmann::json;

/// The id of a video that a file names with or without its extension.
std::string id_of(std::filesystem::path name) {
  if (has_video_extension(name)) name.replace_extension();
  return video_id_of_path(name);
}

/// Collects captions by video, in the order of first appearance.
class Collector {
 public:
  void add(const std::string& name, const std::string& where, std::string_view caption) {
    const std::string id = id_of(name);
    validate_video_id(id, where);
    const auto [place, is_new] = place_.emplace(id, videos_.size());
    if (is_new) videos_.push_back({id, {}});
    if (const std::string_view words = trim(caption); !words.empty())
      videos_[place->second].captions.emplace_back(words);
  }

  [[nodiscard]] std::vector<VideoCaptions> take(const std::string& where) {
    videos_.erase(std::remove_if(videos_.begin(), videos_.end(),
                                 [](const VideoCaptions& video) { return video.captions.empty(); }),
                  videos_.end());
    if (videos_.empty()) throw Error(Fault::Corrupt, where, "has no caption");
    return std::move(videos_);
  }

 private:
  std::vector<VideoCaptions> videos_;
  std::unordered_map<std::string, std::size_t> place_;  // in videos_, by id
};

/// Calls use(line, number) for each line that is neither blank nor a comment, without surrounding blanks.
template <class Use>
void for_each_line(std::string_view text, const Use& use) {
  std::int64_t number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    const std::string_view line = trim(text.substr(at, end - at));
    at = end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
    if (!line.empty() && line.front() != '#' && !use(line, number)) return;
  }
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "mv89psg6zh4_33_46": a YouTube id, and from and to which second.
bool is_msvd_name(std::string_view name) {
  const std::size_t to = name.rfind('_');
  if (to == std::string_view::npos || to == 0 || !is_number(name.substr(to + 1))) return false;
  const std::size_t from = name.rfind('_', to - 1);
  return from != std::string_view::npos && from > 0 && is_number(name.substr(from + 1, to - from - 1));
}

bool is_list_with(std::string_view text, std::string_view name_key, std::string_view captions_key) {
  const std::string_view content = trim(text);
  return content.substr(0, 1) == "[" && content.find(name_key) != std::string_view::npos &&
         content.find(captions_key) != std::string_view::npos;
}

bool is_json(std::string_view text) { return trim(text).substr(0, 1) == "["; }

std::vector<VideoCaptions> read_listed(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  return is_json(text) ? parse_caption_json(path.string(), text) : parse_msvd_text(path.string(), text);
}

CaptionSet set_of(const std::vector<VideoCaptions>& videos, const std::set<std::string>* wanted = nullptr) {
  CaptionSetBuilder set;
  for (const VideoCaptions& video : videos) {
    if (wanted != nullptr && wanted->count(video.video) == 0) continue;
    for (const std::string& caption : video.captions) set.add({video.video, std::nullopt}, caption);
  }
  return set.take();
}

std::set<std::string> ids_of(const std::vector<VideoCaptions>& videos) {
  std::set<std::string> ids;
  for (const VideoCaptions& video : videos) ids.insert(video.video);
  return ids;
}

/// The videos of a list, all of which must have captions.
std::set<std::string> read_names(const std::filesystem::path& list, const std::set<std::string>& known) {
  std::set<std::string> ids;
  std::vector<std::string> unknown;
  for_each_line(read_text_file(list), [&](std::string_view line, std::int64_t) {
    const std::string id = id_of(line);
    if (known.count(id) == 0)
      unknown.push_back(id);
    else
      ids.insert(id);
    return true;
  });
  if (!unknown.empty()) {
    throw Error(Fault::Mismatch, list.string(),
                fmt::format("lists {} videos without captions: {}", unknown.size(), examples(unknown)));
  }
  if (ids.empty()) throw Error(Fault::Corrupt, list.string(), "lists no video");
  return ids;
}

/// Divides the captions of one file by holding out a share of its videos.
void hold_out_test(const std::vector<VideoCaptions>& videos, const DatasetSpec& spec, DataSet& data) {
  const std::set<std::string> ids = ids_of(videos);
  const double share = spec.split.test_fraction;
  const std::set<std::string> test = share <= 0   ? std::set<std::string>()
                                     : share >= 1 ? ids
                                                  : choose_share(ids, share, 0);
  std::set<std::string> train;
  std::set_difference(ids.begin(), ids.end(), test.begin(), test.end(), std::inserter(train, train.end()));
  if (!spec.test_only) data.train = set_of(videos, &train);
  data.test = set_of(videos, &test);
}

DataSet checked(DataSet data) {
  require_disjoint(data);
  note_split(data, "train", data.train);
  note_split(data, "val", data.val);
  note_split(data, "test", data.test);
  return data;
}

}  // namespace

std::vector<VideoCaptions> parse_msvd_text(const std::string& name, std::string_view text) {
  Collector videos;
  for_each_line(text, [&](std::string_view line, std::int64_t number) {
    const std::string where = name + ":" + std::to_string(number);
    if (find_invalid_utf8(line) != std::string_view::npos)
      throw Error(Fault::Unsupported, where, "this line is not UTF-8 text", "Save the file as UTF-8");
    const std::size_t blank = line.find_first_of(" \t");
    if (blank == std::string_view::npos)
      throw Error(Fault::Corrupt, where, "there is no caption after the name of the video");
    videos.add(std::string(line.substr(0, blank)), where, line.substr(blank));
    return true;
  });
  return videos.take(name);
}

std::vector<VideoCaptions> parse_caption_json(const std::string& name, std::string_view text) {
  const json list = parse_json(text, name);
  if (!list.is_array()) throw Error(Fault::Corrupt, name, "it is not a list of videos");
  Collector videos;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = fmt::format("{}: [{}]", name, i);
    if (!list[i].is_object()) throw Error(Fault::Corrupt, place, "it is not an object");
    const bool is_vatex = list[i].contains("videoID");
    const char* const name_key = is_vatex ? "videoID" : "id";
    const char* const captions_key = is_vatex ? "enCap" : "caption";
    const json video = list[i].value(name_key, json()), captions = list[i].value(captions_key, json());
    if (!video.is_string()) throw Error(Fault::Corrupt, place + "." + name_key, "it is no text");
    if (!captions.is_array()) {
      throw Error(Fault::Corrupt, place + "." + captions_key, "it is no list of captions",
                  is_vatex ? "VATEX's file of the private test split has none" : "");
    }
    for (const json& caption : captions) {
      if (!caption.is_string())
        throw Error(Fault::Corrupt, place + "." + captions_key, "a caption is no text");
      videos.add(video.get<std::string>(), place, caption.get_ref<const std::string&>());
    }
  }
  return videos.take(name);
}

bool is_msvd(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return false;
  const std::string text = read_text_file(path);
  if (is_json(text)) return is_list_with(text, "\"id\"", "\"caption\"");
  bool is = false;
  for_each_line(text, [&](std::string_view line, std::int64_t) {
    const std::size_t blank = line.find(' ');
    is = blank != std::string_view::npos && is_msvd_name(line.substr(0, blank));
    return false;
  });
  return is;
}

bool is_vatex(const std::filesystem::path& path) {
  return std::filesystem::is_regular_file(path) &&
         is_list_with(read_text_file(path), "\"videoID\"", "\"enCap\"");
}

DataSet read_msvd(const DatasetSpec& spec) {
  require_no_glob(spec);
  const std::vector<VideoCaptions> videos = read_listed(spec.annotations);
  DataSet data;
  data.name = "MSVD";
  if (spec.train.empty() && spec.val.empty() && spec.test.empty()) {
    hold_out_test(videos, spec, data);
    return checked(std::move(data));
  }
  const std::set<std::string> known = ids_of(videos);
  const auto listed = [&](const std::filesystem::path& list) {
    if (list.empty()) return CaptionSet();
    const std::set<std::string> ids = read_names(list, known);
    return set_of(videos, &ids);
  };
  data.train = listed(spec.train);
  data.val = listed(spec.val);
  data.test = listed(spec.test);
  return checked(std::move(data));
}

DataSet read_vatex(const DatasetSpec& spec) {
  DataSet data;
  data.name = "VATEX";
  if (spec.test.empty()) {
    require_no_glob(spec);
    hold_out_test(read_listed(spec.annotations), spec, data);
    return checked(std::move(data));
  }
  const SplitFiles files = split_files(spec);
  if (!files.train.empty()) data.train = set_of(read_listed(files.train));
  if (!files.val.empty()) data.val = set_of(read_listed(files.val));
  data.test = set_of(read_listed(files.test));
  return checked(std::move(data));
}

}  // namespace tvr
