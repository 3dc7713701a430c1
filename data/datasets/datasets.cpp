#include "data/datasets/datasets.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "data/datasets/dataset_notes.h"
#include "data/datasets/video_id.h"
#include "data/error.h"
#include "data/stable_hash.h"
#include "data/text_file.h"

namespace tvr {
namespace {

/// The suffixes of a path at each '/', the longest (the path itself) first.
std::vector<std::string> path_ends(const std::string& path) {
  std::vector<std::string> ends = {path};
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    ends.push_back(path.substr(slash + 1));
  return ends;
}

std::string without_video_extension(const std::string& name) {
  const std::filesystem::path path(name);
  return has_video_extension(path) ? std::filesystem::path(path).replace_extension().string() : name;
}

/// The id of the same name without blanks around it.
std::string without_blanks(const std::string& id) {
  const std::string name = video_name(id);
  const std::string_view trimmed = trim(name);
  return trimmed.size() == name.size() ? id : escape_video_id(trimmed);
}

/// Finds the id of a name in the captions, which is escaped as ids are.
class SourceIndex {
 public:
  explicit SourceIndex(const std::vector<VideoSource>& sources) {
    for (const VideoSource& source : sources) {
      ids_.insert(source.id);
      for (const std::string& end : path_ends(composed(source.id))) ids_by_end_[end].push_back(source.id);
    }
  }

  /// nullopt: no match. Throws Error(Mismatch) when several ids match.
  std::optional<std::string> find(const std::string& name) const {
    const std::string stem = without_video_extension(name);
    for (const std::string& spelling : {name, stem})
      for (const std::string& end : path_ends(spelling))
        if (ids_.count(end) != 0) return end;
    if (const std::string id = video_name(stem); ids_.count(id) != 0) return id;  // escaped by the user
    for (const std::string& end : path_ends(composed(stem)))
      if (const auto id = only_one(name, named(end))) return id;
    const auto found = ids_by_end_.find(composed(stem));
    return found == ids_by_end_.end() ? std::nullopt : only_one(name, found->second);
  }

 private:
  /// The ids that are `name` when they are composed.
  std::vector<std::string> named(const std::string& name) const {
    std::vector<std::string> ids;
    const auto found = ids_by_end_.find(name);
    if (found == ids_by_end_.end()) return ids;
    std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(ids),
                 [&](const std::string& id) { return composed(id) == name; });
    return ids;
  }

  static std::optional<std::string> only_one(const std::string& name, const std::vector<std::string>& ids) {
    if (ids.empty()) return std::nullopt;
    if (ids.size() == 1) return ids.front();
    throw Error(Fault::Mismatch, "video '" + name + "'",
                fmt::format("{} videos match this name: {}", ids.size(), examples(ids)),
                "Include the folder in the name");
  }

  std::unordered_set<std::string> ids_;
  std::unordered_map<std::string, std::vector<std::string>> ids_by_end_;  // composed ends of paths
};

/// The clips for which `keep` returns an id, renamed to that id, with their captions.
template <class Keep>
CaptionSet selected(const CaptionSet& set, const Keep& keep) {
  CaptionSetBuilder kept(set.by_reference);
  for (const Caption& caption : set.captions) {
    const ClipRef& clip = set.clips[static_cast<std::size_t>(caption.clip)];
    if (std::optional<std::string> id = keep(clip.video_id))
      kept.add({*std::move(id), clip.span}, caption.text);
  }
  return kept.take();
}

std::vector<std::string> video_names(const CaptionSet& set) {
  std::set<std::string> names;
  for (const ClipRef& clip : set.clips) names.insert(clip.video_id);
  return {names.begin(), names.end()};
}

/// Ids by the captions' video names, for the names that have one; each id belongs to one name.
std::map<std::string, std::string> resolve(const std::vector<std::string>& names, const SourceIndex& index,
                                           std::map<std::string, std::string>& name_of_id) {
  std::map<std::string, std::string> ids;
  for (const std::string& name : names) {
    const std::string trimmed = without_blanks(name);
    std::optional<std::string> id = index.find(name);
    if (!id && trimmed != name) id = index.find(trimmed);
    if (!id) continue;
    const std::string& first = name_of_id.emplace(*id, name).first->second;
    if (first != name && without_blanks(first) != trimmed)
      throw Error(Fault::Mismatch, "video '" + *id + "'",
                  fmt::format("both '{}' and '{}' match it", first, name),
                  "Point --videos at the folder that the names in the captions are relative to");
    ids.emplace(name, *id);
  }
  return ids;
}

}  // namespace

void resolve_video_ids(DataSet& data, const std::vector<VideoSource>& sources) {
  const SourceIndex index(sources);
  std::map<std::string, std::string> name_of_id;
  std::vector<std::string> emptied;  // splits that lost all their videos
  const auto resolve_split = [&](CaptionSet& set, const char* split) {
    const std::vector<std::string> names = video_names(set);
    const std::map<std::string, std::string> ids = resolve(names, index, name_of_id);
    std::vector<std::string> missing;
    std::copy_if(names.begin(), names.end(), std::back_inserter(missing),
                 [&](const std::string& name) { return ids.count(name) == 0; });
    if (!missing.empty())
      data.notes.push_back(fmt::format("{}: {} of {} videos are missing; their captions are skipped ({})",
                                       split, missing.size(), names.size(), examples(missing)));
    if (!names.empty() && ids.empty()) emptied.push_back(split);
    return selected(set, [&](const std::string& name) -> std::optional<std::string> {
      const auto found = ids.find(name);
      return found == ids.end() ? std::nullopt : std::optional(found->second);
    });
  };
  CaptionSet train = resolve_split(data.train, "train");
  CaptionSet val = resolve_split(data.val, "val");
  CaptionSet test = resolve_split(data.test, "test");
  if (name_of_id.empty()) {
    const CaptionSet& any = data.train.empty() ? data.test : data.train;
    throw Error(
        Fault::NotFound, data.name,
        fmt::format(
            "no video of the captions was found: they refer to '{}', the {} videos have ids like '{}'",
            any.empty() ? "" : any.clips.front().video_id, sources.size(),
            sources.empty() ? "" : sources.front().id),
        "Point --videos at the folder that the names in the captions are relative to");
  }
  if (!emptied.empty())
    throw Error(Fault::NotFound, data.name,
                fmt::format("none of the videos of the split {} was found", examples(emptied)),
                "Download these videos, or remove the split");
  data.train = std::move(train);
  data.val = std::move(val);
  data.test = std::move(test);
}

std::map<std::string, std::string> video_ids_of(const std::vector<std::string>& names,
                                                const std::vector<VideoSource>& sources) {
  std::vector<std::string> escaped;
  for (const std::string& name : names) escaped.push_back(escape_video_id(name));
  std::map<std::string, std::string> name_of_id, ids;
  const std::map<std::string, std::string> found = resolve(escaped, SourceIndex(sources), name_of_id);
  for (std::size_t i = 0; i < names.size(); ++i)
    if (const auto id = found.find(escaped[i]); id != found.end()) ids.emplace(names[i], id->second);
  return ids;
}

void hold_out_validation(DataSet& data, double fraction, std::uint64_t seed) {
  const std::vector<std::string> names = video_names(data.train);
  const std::set<std::string> held = choose_share({names.begin(), names.end()}, fraction, seed);
  const auto part = [&](bool wanted) {
    return [&held, wanted](const std::string& id) {
      return (held.count(id) != 0) == wanted ? std::optional(id) : std::nullopt;
    };
  };
  CaptionSetBuilder val(data.train.by_reference);
  for (const CaptionSet& from : {data.val, selected(data.train, part(true))})
    for (const Caption& caption : from.captions)
      val.add(from.clips[static_cast<std::size_t>(caption.clip)], caption.text);
  data.train = selected(data.train, part(false));
  data.val = val.take();
  data.notes.push_back(
      fmt::format("val: {} of {} training videos held out for validation", held.size(), names.size()));
}

}  // namespace tvr
