#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

namespace tvr {

/// Encodes pictures to H.264 in MP4 (libx264, one thread, no time stamps of the day: equal pictures give
/// equal bytes with one build of the libraries). The file is written aside and appears under its name in
/// finish() only.
class VideoWriter {
 public:
  /// width and height even, fps >= 1. Throws Error(Unsupported) when libavcodec lacks libx264,
  /// Error(Unreadable) when the file cannot be made.
  VideoWriter(const std::filesystem::path& path, int width, int height, int fps);
  /// Removes what was written aside unless finish() was reached.
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  /// The next picture, bgr24 [height, width, 3], rows packed.
  void write(const std::uint8_t* bgr);
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
