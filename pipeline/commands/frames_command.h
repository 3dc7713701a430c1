#pragma once

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace tvr {

struct FramesOptions {
  std::filesystem::path video;  // with `check` also a folder
  std::string lane;             // "2d", "3d"; empty: 2d, with `check` both
  std::string preset = "ffmpeg5";
  bool legacy_rotation = false;
  std::filesystem::path png;  // folder for PNG files; empty: raw rgb24 on standard output
  bool check = false;         // compare with the ffmpeg program instead
  bool json = false;          // how the comparison is printed
};

/// `pipeline frames`: the pictures that a lane's network sees, or (check) whether they are the ffmpeg
/// program's: exit code 0 all are, 1 some differ, 2 some files were refused and the others are equal.
[[nodiscard]] int run_frames(const FramesOptions& options);

void add_frames_command(CLI::App& app, int& exit_code);

}  // namespace tvr
