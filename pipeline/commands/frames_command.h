#pragma once

#include <filesystem>
#include <string>

#include "extract/lane.h"

namespace tvr {

struct FramesOptions {
  std::filesystem::path video;  // or, with `check`, a folder of videos
  std::string lane;             // of builtin_lanes(); empty: the first, with `check` all
  Preset preset = Preset::Ffmpeg5;
  bool legacy_rotation = false;
  std::filesystem::path png;  // folder for PNG files; empty: raw rgb24 on standard output
  bool check = false;         // compare with the ffmpeg program instead of writing
  bool json = false;          // print the comparison as JSON
};

/// `pipeline frames`: writes the frames that a lane's network sees, or (check) compares them with the ffmpeg
/// program's: exit code 0 all are equal, 1 some differ, 2 some files were refused and the others are equal.
[[nodiscard]] int run_frames(const FramesOptions& options);

}  // namespace tvr
