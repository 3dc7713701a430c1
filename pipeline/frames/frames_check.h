#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "extract/lane.h"

namespace tvr {

/// The frames of one lane of one video, compared with those of the installed ffmpeg program.
struct FramesCheck {
  enum class Result {
    Equal,
    OnlyOurs,  // no frame at this rate: ffmpeg writes nothing, ours is the first frame
    Differs,
    Refused,  // not decoded here; ffmpeg was not run
  };
  std::filesystem::path video;
  std::string lane;
  Result result = Result::Refused;
  std::int64_t ours = 0, theirs = 0;   // frames
  std::int64_t differing = 0;          // frames that differ, or that only one of the two has
  std::int64_t first_difference = -1;  // index of the first of those; -1: none
  bool partial = false;                // a damaged file, compared as far as it could be decoded
  std::string message;                 // why refused, partial or different
  std::string filters;                 // ffmpeg's -filter_complex
};

[[nodiscard]] const char* name(FramesCheck::Result result) noexcept;  // "equal", "only ours", ...

/// Decodes the video for one lane and compares each byte with `ffmpeg -threads 1 -i V -filter_complex ...`. A
/// file that cannot be decoded is a result, not an error. Throws Error(NotFound) if ffmpeg is not installed.
[[nodiscard]] FramesCheck check_frames(const std::filesystem::path& video, const LaneOptions& lane);

}  // namespace tvr
