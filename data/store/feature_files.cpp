#include "data/store/feature_files.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <tuple>

#include "data/datasets/video.h"
#include "data/error.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kVideo = "{video}";
constexpr const char* kLane = "{lane}";

bool is_lane(const std::string& lane) {
  const bool plain = std::all_of(lane.begin(), lane.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return !lane.empty() && lane.size() <= 32 && plain && lane.front() != '-';
}

bool ends_with_npy(const std::string& name) {
  constexpr std::string_view kEnd = ".npy";
  return name.size() > kEnd.size() && name.compare(name.size() - kEnd.size(), kEnd.size(), kEnd) == 0;
}

void replace(std::string& text, const char* word, const std::string& value) {
  const std::size_t at = text.find(word);
  if (at != std::string::npos) text.replace(at, std::strlen(word), value);
}

[[noreturn]] void refuse_pattern(const std::string& pattern, const std::string& why) {
  throw Error(Fault::InvalidArgument, "--name", "'" + pattern + "' " + why,
              "Use for example '{lane}/{video}.npy': {video} once, {lane} at most once");
}

void validate_pattern(const std::string& pattern) {
  const std::size_t video = pattern.find(kVideo), lane = pattern.find(kLane);
  if (video == std::string::npos || pattern.find(kVideo, video + 1) != std::string::npos)
    refuse_pattern(pattern, "does not hold {video} once");
  if (lane != std::string::npos && pattern.find(kLane, lane + 1) != std::string::npos)
    refuse_pattern(pattern, "holds {lane} twice");
  if (video != std::string::npos && lane != std::string::npos &&
      (video + std::strlen(kVideo) == lane || lane + std::strlen(kLane) == video))
    refuse_pattern(pattern, "has nothing between {lane} and {video}");
  if (!ends_with_npy(pattern)) refuse_pattern(pattern, "does not end in .npy");
  const fs::path path(pattern);
  if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end())
    refuse_pattern(pattern, "leads out of the folder");
}

bool begins_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Parses `name` by the pattern `before`WORD`between`WORD`after`: returns the text in place of the one or two
/// placeholders. Where the split is ambiguous, {lane} is the shorter part, as {video} may hold anything.
/// Empty if the name does not match.
std::vector<std::string> words_of(const std::string& name, const std::string& pattern) {
  const std::size_t video = pattern.find(kVideo), lane = pattern.find(kLane);
  const bool one = lane == std::string::npos;
  const std::size_t first = std::min(video, lane), second = one ? video : std::max(video, lane);
  const std::string before = pattern.substr(0, first);
  const std::string after = pattern.substr(second + std::strlen(second == video ? kVideo : kLane));
  if (name.size() <= before.size() + after.size() || !begins_with(name, before) || !ends_with(name, after))
    return {};
  const std::string middle = name.substr(before.size(), name.size() - before.size() - after.size());
  if (one) return {middle};
  const std::size_t first_end = first + std::strlen(first == video ? kVideo : kLane);
  const std::string between = pattern.substr(first_end, second - first_end);
  const std::size_t cut = first == lane ? middle.find(between, 1) : middle.rfind(between);
  if (cut == std::string::npos || cut == 0 || cut + between.size() >= middle.size()) return {};
  return {middle.substr(0, cut), middle.substr(cut + between.size())};
}

std::vector<std::string> npy_files(const fs::path& folder) {
  std::vector<std::string> names;
  try {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      std::string name = entry.path().lexically_relative(folder).generic_string();
      if (ends_with_npy(name) && !entry.is_directory()) names.push_back(std::move(name));
    }
  } catch (const fs::filesystem_error& failure) {
    throw Error(fs::exists(folder) ? Fault::Unreadable : Fault::NotFound, folder.string(), failure.what());
  }
  return names;
}

fs::path below(const fs::path& folder, const std::string& listed) {
  const fs::path path = (folder / listed).lexically_normal();
  const fs::path relative = path.lexically_relative(folder.lexically_normal());
  if (relative.empty() || *relative.begin() == ".." || relative == ".") {
    throw Error(Fault::Corrupt, "feature_path", "'" + listed + "' leads out of " + folder.string(),
                "Name the folder that holds all listed files");
  }
  return path;
}

}  // namespace

void validate_lane(const std::string& lane, const std::string& where) {
  if (!is_lane(lane)) {
    throw Error(Fault::InvalidArgument, where, "the lane's name '" + lane + "' is not one",
                "Use 1 to 32 letters, digits, '_' and '-': 2d, vgg16");
  }
}

FeatureFileNames FeatureFileNames::by_pattern(const std::string& pattern, const std::string& lane) {
  validate_pattern(pattern);
  FeatureFileNames names;
  names.pattern_ = pattern;
  names.lane_ = lane;
  if (!lane.empty()) validate_lane(lane, "--lane");
  if (lane.empty() && pattern.find(kLane) == std::string::npos)
    refuse_pattern(pattern, "does not hold {lane}, and --lane is not given");
  return names;
}

FeatureFileNames FeatureFileNames::by_list(const fs::path& csv, const std::string& lane) {
  validate_lane(lane, "--lane");
  FeatureFileNames names;
  names.lane_ = lane;
  for (ListedFeature& listed : read_feature_list(csv)) {
    if (!ends_with_npy(listed.feature_path)) listed.feature_path += ".npy";
    names.list_.emplace(std::move(listed.video), std::move(listed.feature_path));
  }
  return names;
}

std::optional<fs::path> FeatureFileNames::path_of(const fs::path& folder, const std::string& lane,
                                                  const std::string& video) const {
  validate_lane(lane, folder.string());
  validate_video_id(video, folder.string());
  if (pattern_.empty()) {
    const auto listed = list_.find(video);
    if (listed == list_.end()) return std::nullopt;
    return below(folder, listed->second);
  }
  std::string name = pattern_;
  replace(name, kLane, lane);
  replace(name, kVideo, video_name(video));  // last: a name may hold braces
  return folder / name;
}

std::optional<FeatureFile> FeatureFileNames::parsed(const std::string& relative) const {
  const std::vector<std::string> words = words_of(relative, pattern_);
  if (words.empty()) return std::nullopt;
  const bool video_first = pattern_.find(kVideo) < pattern_.find(kLane);
  const std::string lane = words.size() == 1 ? lane_ : words[video_first ? 1 : 0];
  if (!is_lane(lane) || !has_lane(lane)) return std::nullopt;
  return FeatureFile{lane, escape_video_id(words.size() == 1 || video_first ? words[0] : words[1]), relative};
}

std::vector<FeatureFile> FeatureFileNames::find_in(const fs::path& folder) const {
  std::vector<FeatureFile> files;
  for (const auto& [video, listed] : list_) files.push_back({lane_, video, below(folder, listed)});
  if (!pattern_.empty()) {
    const std::vector<std::string> names = npy_files(folder);
    for (const std::string& name : names) {
      if (auto file = parsed(name)) {
        file->path = folder / name;
        files.push_back(std::move(*file));
      }
    }
    if (files.empty()) {
      throw Error(Fault::NotFound, folder.string(),
                  names.empty() ? "there are no .npy files"
                                : "none of its " + std::to_string(names.size()) + " .npy files matches '" +
                                      pattern_ + "', for example '" + names.front() + "'",
                  "State how they are named: --name '{video}.npy' --lane 2d");
    }
  }
  std::sort(files.begin(), files.end(), [](const FeatureFile& a, const FeatureFile& b) {
    return std::tie(a.lane, a.video) < std::tie(b.lane, b.video);
  });
  return files;
}

}  // namespace tvr
