#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace tvr {

/// Whether the name has a video extension (".mp4", ".AVI", ...): those of the containers and raw streams that
/// an extraction reads, and of cameras that use them under a name of their own.
[[nodiscard]] bool has_video_extension(const std::filesystem::path& path);

/// Files beside videos that are none by their names, and what is hidden (".name").
class PassedOver {
 public:
  void add(const std::filesystem::path& file);
  /// "3 files were passed over, as their names are not of videos: 2 .csv (a.csv, ...), 1 without an extension
  /// (x)", the most frequent first; empty if there are none.
  [[nodiscard]] std::string text() const;

 private:
  struct Kind {
    std::int64_t files = 0;
    std::string example;
  };
  std::map<std::string, Kind> kinds_;  // by extension, lower case, or kHidden
};

}  // namespace tvr
