#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "extract/lane.h"

namespace tvr {

/// One lane of one video beside what the installed ffmpeg program makes of the same file.
struct FramesCheck {
  enum class Result {
    Equal,
    OnlyOurs,  // no frame at this rate: the program writes nothing, ours is the first frame
    Differs,
    Refused,  // not decoded here; the program was not asked
  };
  std::filesystem::path video;
  std::string lane;
  Result result = Result::Refused;
  std::int64_t ours = 0, theirs = 0;   // frames
  std::int64_t differing = 0;          // frames of ours that are not theirs
  std::int64_t first_difference = -1;  // of those; -1: none
  bool partial = false;                // a damaged file, as far as it could be decoded
  std::string message;                 // why refused, partial or different
  std::string filters;                 // the program's -filter_complex
};

[[nodiscard]] const char* name(FramesCheck::Result result) noexcept;  // "equal", "only ours", ...

/// Decodes the video for one lane and compares each byte with `ffmpeg -threads 1 -i V -filter_complex ...`.
/// A file that cannot be decoded is a result; Error(NotFound) where the ffmpeg program is not installed.
[[nodiscard]] FramesCheck check_frames(const std::filesystem::path& video, const LaneOptions& lane);

}  // namespace tvr
