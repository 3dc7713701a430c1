#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/descriptor.h"

namespace tvr {

/// What a browser needs to know about a video file.
struct MediaFacts {
  std::string codec;      // "h264"
  std::string container;  // "MP4", "AVI", ...
  int width = 0;          // as coded
  int height = 0;
  bool playable = false;   // by some browsers, without transcoding: BrowserFormat
  std::string reason;      // why it is not playable
  std::string mime;        // if playable, for canPlayType()
  bool remuxed = false;    // if playable: by remux_to_mp4()
  std::string lost_sound;  // if remuxed: the codec of sound that is left out; empty: none is
};

/// An open regular file that is sent in parts.
class SendableFile {
 public:
  /// Throws Error(NotFound | Unreadable | Unsupported).
  explicit SendableFile(const std::filesystem::path& path);
  /// One that is open; `name` is for errors, `version` for others to tell it from.
  SendableFile(Descriptor file, std::string name, std::string version);

  [[nodiscard]] std::int64_t size() const noexcept { return size_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Which file it is and in what state: changes with every change of its content.
  [[nodiscard]] const std::string& version() const noexcept { return version_; }
  /// Seconds since 1970, when its content was last changed.
  [[nodiscard]] std::int64_t modified_s() const noexcept { return modified_s_; }
  /// Reads up to `count` bytes at `offset` into `to`; returns 0 at the end, a negative value on a read error.
  [[nodiscard]] ssize_t read(std::int64_t offset, char* to, std::size_t count) const noexcept;
  /// Another descriptor of the same open file. Throws Error(Unreadable).
  [[nodiscard]] Descriptor duplicate() const;

 private:
  std::string name_;
  Descriptor descriptor_;
  std::int64_t size_ = 0, modified_s_ = 0;
  std::string version_;
};

/// Examines the open file as an extraction does (known containers only). Throws Error if it is not a video.
[[nodiscard]] MediaFacts examine_media(const SendableFile& file);

}  // namespace tvr
