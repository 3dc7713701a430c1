#include "data/datasets/video_extensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace tvr {
namespace {

constexpr std::array kVideoExtensions = {
    ".264",  ".265",  ".26l",   ".3g2",  ".3gp",  ".amv",  ".asf",  ".av1",  ".avc",  ".avi",  ".dif",
    ".divx", ".drc",  ".dv",    ".f4v",  ".flv",  ".gif",  ".h261", ".h263", ".h264", ".h265", ".h26l",
    ".hevc", ".insv", ".ism",   ".ismv", ".ivf",  ".lrv",  ".m1v",  ".m2p",  ".m2t",  ".m2ts", ".m2v",
    ".m4v",  ".mj2",  ".mjpeg", ".mjpg", ".mk3d", ".mkv",  ".mov",  ".mp2v", ".mp4",  ".mp4v", ".mpe",
    ".mpeg", ".mpg",  ".mpv",   ".mts",  ".mxf",  ".nut",  ".obu",  ".ogg",  ".ogm",  ".ogv",  ".ogx",
    ".psp",  ".qt",   ".rm",    ".rmvb", ".swf",  ".tod",  ".tp",   ".trp",  ".ts",   ".vc1",  ".vob",
    ".vro",  ".webm", ".wm",    ".wmv",  ".wtv",  ".xvid", ".y4m"};

constexpr const char* kHidden = "hidden";  // no extension: those begin with a dot

std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

}  // namespace

bool has_video_extension(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  return std::find(kVideoExtensions.begin(), kVideoExtensions.end(), extension) != kVideoExtensions.end();
}

void PassedOver::add(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  Kind& kind = kinds_[name.front() == '.' ? kHidden : extension_of(file)];
  if (kind.files++ == 0) kind.example = name;
}

std::string PassedOver::text() const {
  constexpr std::size_t kShown = 8;
  std::vector<std::pair<std::string, Kind>> most(kinds_.begin(), kinds_.end());
  std::stable_sort(most.begin(), most.end(),
                   [](const auto& a, const auto& b) { return a.second.files > b.second.files; });
  std::int64_t files = 0;
  std::string list;
  for (std::size_t i = 0; i < most.size(); ++i) {
    const auto& [extension, kind] = most[i];
    files += kind.files;
    if (i >= kShown) continue;
    list += fmt::format("{}{} {} ({}{})", i == 0 ? "" : ", ", kind.files,
                        extension.empty() ? "without an extension" : extension, kind.example,
                        kind.files > 1 ? ", ..." : "");
  }
  if (files == 0) return {};
  if (most.size() > kShown) list += fmt::format(" and {} other kinds", most.size() - kShown);
  return fmt::format("{} passed over, as {} not of videos: {}",
                     files == 1 ? "1 file was" : fmt::format("{} files were", files),
                     files == 1 ? "its name is" : "their names are", list);
}

}  // namespace tvr
