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

/// Adds the video files in `folder` and its subfolders; links to folders are followed, each folder is entered
/// once. A subfolder that cannot be read stands for its videos: no name, however odd or long, ends the
/// search.
void add_video_files(const fs::path& folder, std::set<fs::path>& entered, std::vector<fs::path>& files,
                     PassedOver* passed_over) {
  std::error_code problem;
  fs::directory_iterator entry(folder, problem);
  for (; !problem && entry != fs::directory_iterator(); entry.increment(problem)) {
    const fs::path& path = entry->path();
    std::error_code unseen;
    const bool is_hidden = path.filename().native().front() == '.', is_file = !entry->is_directory(unseen);
    if (is_hidden || (is_file && !has_video_extension(path))) {
      if (passed_over != nullptr) passed_over->add(path);
    } else if (is_file) {
      files.push_back(path);
    } else if (::access(path.c_str(), R_OK | X_OK) != 0) {
      files.push_back(path);
    } else if (const fs::path real = fs::canonical(path, unseen); !unseen && entered.insert(real).second) {
      add_video_files(path, entered, files, passed_over);
    }
  }
  if (problem) files.push_back(folder);
}

/// The paths of the known ids that matter where files share a name: ids with an extension, and those in
/// `shared`.
std::unordered_map<std::string, std::string> paths_that_matter(
    const KnownIds& known, const std::unordered_map<std::string, int>& uses) {
  std::unordered_map<std::string, std::string> paths;
  if (!known) return paths;
  known([&](const std::string& id, const std::string& path) {
    const auto used = uses.find(id);
    if (has_video_extension(id) || (used != uses.end() && used->second > 1)) paths.emplace(id, path);
  });
  return paths;
}

bool by_id(const VideoSource& a, const VideoSource& b) { return a.id < b.id; }

/// "a.mp4.mkv" and, because of "a.avi", "a.mp4" come to have one id: the longer name keeps its extension.
void tell_apart(std::vector<VideoSource>& sources,
                const std::function<std::string(const VideoSource&)>& long_id) {
  const auto same_id = [](const VideoSource& a, const VideoSource& b) { return a.id == b.id; };
  for (;;) {
    std::sort(sources.begin(), sources.end(), by_id);
    auto twin = std::adjacent_find(sources.begin(), sources.end(), same_id);
    if (twin == sources.end()) return;
    for (; twin != sources.end(); twin = std::adjacent_find(twin + 1, sources.end(), same_id)) {
      std::string first = long_id(*twin), second = long_id(*(twin + 1));
      (twin->id == first ? *(twin + 1) : *twin).id = twin->id == first ? std::move(second) : std::move(first);
    }
  }
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

/// The path of a listed video. Blanks around it belong to it if it is quoted, or if there is such a file.
std::string listed_path(const CsvTable& table, const CsvTable::Row& row, std::size_t column,
                        const fs::path& folder) {
  std::string path = table.verbatim(row, column);
  const std::string& cell = row.cells[column];
  std::error_code unseen;
  return path != cell && fs::exists(folder / cell, unseen) ? cell : path;
}

/// Calls `use(source, row)` on every row of a list.
template <class Use>
void for_each_listed(const CsvTable& table, const fs::path& csv, const Use& use) {
  const std::size_t path_column =
      table.find_column("path") ? table.column("path") : table.column("video_path");
  const auto id_column = table.find_column("video_id");
  UniqueColumn paths(table, "video"), ids(table, "video id");
  for (const CsvTable::Row& row : table.rows()) {
    const std::string listed = listed_path(table, row, path_column, csv.parent_path());
    VideoSource source{id_column ? escape_video_id(table.verbatim(row, *id_column)) : default_id(listed),
                       csv.parent_path() / listed};
    validate_video_id(source.id, table.where(row));
    paths.add(listed, row);
    ids.add(source.id, row);
    use(std::move(source), row);
  }
}

}  // namespace

std::vector<VideoSource> find_videos(const fs::path& folder, const KnownIds& known, PassedOver* passed_over) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error(Fault::NotFound, folder.string(),
                fs::exists(folder, error) ? "is not a folder" : "there is no such folder");
  require_readable(folder);
  std::vector<fs::path> files;
  std::set<fs::path> entered = {fs::canonical(folder, error)};
  add_video_files(folder, entered, files, passed_over);
  const std::size_t below = (folder / "").native().size();  // length of the prefix that all paths share
  const auto long_id = [below](const VideoSource& source) {
    return escape_video_id(std::string_view(source.path.native()).substr(below));
  };
  std::vector<VideoSource> sources;
  std::unordered_map<std::string, int> uses;  // number of files that share an id without extension
  for (fs::path& file : files) {
    VideoSource source{{}, std::move(file)};
    source.id = long_id(source);
    ++uses[without_extension(source.id)];
    sources.push_back(std::move(source));
  }
  const std::unordered_map<std::string, std::string> paths = paths_that_matter(known, uses);
  const auto is_known = [&](const std::string& id, const fs::path& path) {
    const auto found = paths.find(id);
    return found != paths.end() && found->second == path.native();
  };
  for (VideoSource& source : sources) {
    std::string short_id = without_extension(source.id);
    if (is_known(source.id, source.path)) continue;
    if (uses[short_id] == 1 || is_known(short_id, source.path)) source.id = std::move(short_id);
  }
  tell_apart(sources, long_id);
  return sources;
}

std::vector<VideoSource> read_video_list(const fs::path& csv) {
  const CsvTable table(csv);
  const auto output_column = table.find_column("feature_path");
  UniqueColumn outputs(table, "feature file");
  std::vector<VideoSource> sources;
  for_each_listed(table, csv, [&](VideoSource source, const CsvTable::Row& row) {
    if (output_column) outputs.add(table.verbatim(row, *output_column), row);
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
    features.push_back({std::move(source.id), table.verbatim(row, output_column)});
    outputs.add(features.back().feature_path, row);
  });
  return features;
}

}  // namespace tvr
