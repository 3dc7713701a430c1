#pragma once

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace tvr {

struct FramesOptions {
  std::filesystem::path video;
  std::string lane = "2d";
  std::string preset = "ffmpeg5";
  bool legacy_rotation = false;
  std::filesystem::path png;  // folder for PNG files; empty: raw rgb24 on standard output
  bool check = false;         // compare with the ffmpeg program instead
};

/// `pipeline frames`: the pictures that a lane's network sees. Returns the exit code.
[[nodiscard]] int run_frames(const FramesOptions& options);

void add_frames_command(CLI::App& app, int& exit_code);

}  // namespace tvr
