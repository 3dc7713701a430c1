#pragma once

#include <filesystem>
#include <string>

#include "extract/lane.h"

namespace tvr {

struct FramesOptions {
  std::filesystem::path video;  // with `check` also a folder
  std::string lane;             // of builtin_lanes(); empty: the first, with `check` all
  Preset preset = Preset::Ffmpeg5;
  bool legacy_rotation = false;
  std::filesystem::path png;  // folder for PNG files; empty: raw rgb24 on standard output
  bool check = false;         // compare with the ffmpeg program instead
  bool json = false;          // how the comparison is printed
};

/// `pipeline frames`: the pictures that a lane's network sees, or (check) whether they are the ffmpeg
/// program's: exit code 0 all are, 1 some differ, 2 some files were refused and the others are equal.
[[nodiscard]] int run_frames(const FramesOptions& options);

}  // namespace tvr
