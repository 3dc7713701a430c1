#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

namespace tvr {

/// Encodes frames to H.264 in MP4 (libx264, one thread, no creation time: equal frames give equal bytes with
/// the same build of the libraries). Writes to a temporary file, which finish() renames.
class VideoWriter {
 public:
  /// width and height even, fps >= 1. Throws Error(Unsupported) when libavcodec lacks libx264,
  /// Error(Unreadable) when the file cannot be created.
  VideoWriter(const std::filesystem::path& path, int width, int height, int fps);
  /// Removes the temporary file unless finish() has succeeded.
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  /// Encodes the next frame, bgr24 [height, width, 3], rows packed.
  void write(const std::uint8_t* bgr);
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tvr
