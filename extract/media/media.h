#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/descriptor.h"

namespace tvr {

/// What a browser can make of a video file.
struct MediaFacts {
  std::string codec;      // "h264"
  std::string container;  // "MP4", "AVI", ...
  int width = 0;          // as coded
  int height = 0;
  bool playable = false;  // as it is: browsers take MP4 with H.264, VP9, AV1 and WebM with VP8, VP9, AV1
  std::string reason;     // why it is not
  std::string mime;       // where it is
};

/// Opens the file as an extraction does (regular files of known containers only). Throws Error when it is no
/// video.
[[nodiscard]] MediaFacts examine_media(const std::filesystem::path& path);

/// An open file that is sent in parts.
class SendableFile {
 public:
  /// Throws Error(NotFound | Unreadable | Unsupported): regular files only.
  explicit SendableFile(const std::filesystem::path& path);

  [[nodiscard]] std::int64_t size() const noexcept { return size_; }
  /// Reads up to `count` bytes at `offset` into `to`; 0 at the end, negative when it cannot be read.
  [[nodiscard]] ssize_t read(std::int64_t offset, char* to, std::size_t count) const noexcept;

 private:
  Descriptor descriptor_;
  std::int64_t size_ = 0;
};

}  // namespace tvr
