#include "data/datasets/video.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>

#include "data/csv.h"
#include "data/error.h"
#include "data/text_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxIdBytes = 1024;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// What is wrong with `id`; nullptr: nothing.
const char* fault_of_id(const std::string& id) {
  if (id.empty()) return "is empty";
  if (id.size() > kMaxIdBytes) return "is longer than 1024 bytes";
  if (id.front() == '/') return "begins with a slash";
  if (id.front() == '-') return "begins with a hyphen, as options do";
  if (id.find('\\') != std::string::npos) return "contains a backslash";
  if (std::any_of(id.begin(), id.end(), is_control)) return "contains a control character";
  if (find_invalid_utf8(id) != std::string::npos) return "is not UTF-8";
  const std::string parts = "/" + id + "/";
  if (parts.find("/../") != std::string::npos) return "has a part '..'";
  if (parts.find("/./") != std::string::npos) return "has a part '.'";
  if (parts.find("//") != std::string::npos) return "has an empty part";
  return nullptr;
}

/// On strings, as is everything below that runs a million times: constructing a path parses it each time.
std::string without_extension(const std::string& id) {
  const std::size_t dot = id.rfind('.'), slash = id.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  return dot == std::string::npos || dot <= name ? id : id.substr(0, dot);
}

void require_readable(const fs::path& folder) {
  if (access(folder.c_str(), R_OK | X_OK) == 0) return;
  throw Error(Fault::Unreadable, folder.string(),
              std::string("the folder cannot be read: ") + std::strerror(errno),
              "Grant read permission, or list the videos by --list FILE.csv");
}

/// Video files in `folder` and its subfolders; links to folders are followed, each folder is visited once. A
/// subfolder without read permission is listed in place of its videos.
std::vector<fs::path> video_files(const fs::path& folder, PassedOver* passed_over) {
  std::vector<fs::path> files;
  std::set<fs::path> entered = {fs::canonical(folder)};
  require_readable(folder);
  const auto options = fs::directory_options::follow_directory_symlink;
  for (auto entry = fs::recursive_directory_iterator(folder, options);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const bool hidden = entry->path().filename().string().front() == '.';
    std::error_code dangling;
    if (entry->is_directory(dangling)) {
      const bool closed = ::access(entry->path().c_str(), R_OK | X_OK) != 0;
      if (closed && !hidden) files.push_back(entry->path());
      if (closed || hidden || !entered.insert(fs::canonical(entry->path())).second)
        entry.disable_recursion_pending();
    } else if (!hidden && has_video_extension(entry->path())) {
      files.push_back(entry->path());
    } else if (!hidden && passed_over != nullptr) {
      passed_over->add(entry->path());
    }
  }
  return files;
}

/// The id of a listed video: its path without extension, or only the file name where the path is outside the
/// list's folder.
std::string default_id(const fs::path& listed) {
  const fs::path normal = listed.lexically_normal();
  const bool below = normal.is_relative() && *normal.begin() != "..";
  return without_extension(video_id_of_path(below ? normal : normal.filename()));
}

/// Checks that the values of a column are unique; remembers the line of each.
class UniqueColumn {
 public:
  UniqueColumn(const CsvTable& table, std::string what) : table_(table), what_(std::move(what)) {}

  void add(const std::string& value, const CsvTable::Row& row) {
    const auto [seen, is_new] = first_.emplace(value, row.line);
    if (!is_new)
      throw Error(Fault::Mismatch, table_.where(row),
                  fmt::format("the {} '{}' appears twice, first in line {}", what_, value, seen->second));
  }

 private:
  const CsvTable& table_;
  std::string what_;
  std::map<std::string, std::int64_t> first_;
};

/// Calls `use(source, row)` on every row of a list.
template <class Use>
void for_each_listed(const CsvTable& table, const fs::path& csv, const Use& use) {
  const std::size_t path_column =
      table.find_column("path") ? table.column("path") : table.column("video_path");
  const auto id_column = table.find_column("video_id");
  UniqueColumn paths(table, "video"), ids(table, "video id");
  for (const CsvTable::Row& row : table.rows()) {
    const std::string listed = table.required(row, path_column);
    VideoSource source{id_column ? table.required(row, *id_column) : default_id(listed),
                       csv.parent_path() / listed};
    validate_video_id(source.id, table.where(row));
    paths.add(listed, row);
    ids.add(source.id, row);
    use(std::move(source), row);
  }
}

}  // namespace

void validate_video_id(const std::string& id, const std::string& where) {
  if (const char* fault = fault_of_id(id))
    throw Error(Fault::InvalidArgument, where,
                fmt::format("the video id '{}' {}", escape_video_id(id), fault),
                "Ids are used as file names: letters, digits, '_', '.' and '/' between folders are safe");
}

std::string video_id_of_path(const fs::path& relative) {
  return escape_video_id(relative.lexically_normal().generic_string());
}

std::string escape_video_id(const std::string& text) {
  std::string id;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t valid =
        std::min(find_invalid_utf8(std::string_view(text).substr(at)), text.size() - at);
    for (const char c : std::string_view(text).substr(at, valid)) {
      if (is_control(c) || c == '\\' || (c == '-' && id.empty()))
        id += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      else
        id += c;
    }
    at += valid;
    if (at < text.size()) id += fmt::format("%{:02X}", static_cast<unsigned char>(text[at++]));
  }
  return id;
}

std::vector<VideoSource> find_videos(const fs::path& folder, PassedOver* passed_over) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error(Fault::NotFound, folder.string(),
                fs::exists(folder, error) ? "is not a folder" : "there is no such folder");
  std::vector<VideoSource> sources;
  std::unordered_map<std::string, int> uses;  // number of files that share an id without extension
  const std::size_t below = (folder / "").native().size();  // length of the prefix that all paths share
  try {
    for (fs::path& file : video_files(folder, passed_over)) {
      std::string id = escape_video_id(file.native().substr(below));
      ++uses[without_extension(id)];
      sources.push_back({std::move(id), std::move(file)});
    }
  } catch (const fs::filesystem_error& failure) {
    throw Error(Fault::Unreadable, folder.string(), failure.what());
  }
  for (VideoSource& source : sources) {
    std::string short_id = without_extension(source.id);
    if (uses[short_id] == 1) source.id = std::move(short_id);
    validate_video_id(source.id, source.path.string());
  }
  std::sort(sources.begin(), sources.end(),
            [](const VideoSource& a, const VideoSource& b) { return a.id < b.id; });
  return sources;
}

std::vector<VideoSource> read_video_list(const fs::path& csv) {
  const CsvTable table(csv);
  const auto output_column = table.find_column("feature_path");
  UniqueColumn outputs(table, "feature file");
  std::vector<VideoSource> sources;
  for_each_listed(table, csv, [&](VideoSource source, const CsvTable::Row& row) {
    if (output_column) outputs.add(table.required(row, *output_column), row);
    sources.push_back(std::move(source));
  });
  return sources;
}

std::vector<ListedFeature> read_feature_list(const fs::path& csv) {
  const CsvTable table(csv);
  const std::size_t output_column = table.column("feature_path");
  UniqueColumn outputs(table, "feature file");
  std::vector<ListedFeature> features;
  for_each_listed(table, csv, [&](VideoSource source, const CsvTable::Row& row) {
    features.push_back({std::move(source.id), table.required(row, output_column)});
    outputs.add(features.back().feature_path, row);
  });
  return features;
}

}  // namespace tvr
