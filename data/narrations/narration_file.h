#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "data/narrations/narration.h"

namespace tvr {

/// The narrations of many videos in one file that is read by position: `pipeline narrations import` writes
/// it. A video is one read of some 10 KB; memory holds the table of videos (about 40 bytes each), not the
/// lines. All methods may be called by several threads at once.
class NarrationFile {
 public:
  /// Throws Error(NotFound | Unreadable), Error(Unsupported) for what is no regular file or is a file of
  /// another kind, Error(Corrupt) for a damaged or unfinished one.
  explicit NarrationFile(const std::filesystem::path& path);
  ~NarrationFile();
  NarrationFile(const NarrationFile&) = delete;
  NarrationFile& operator=(const NarrationFile&) = delete;

  [[nodiscard]] std::int64_t video_count() const noexcept;
  /// The video's place; nullopt when it has no narration here.
  [[nodiscard]] std::optional<std::int64_t> find(const std::string& video_id) const;
  /// 0 <= video < video_count(), in the order of the import.
  [[nodiscard]] std::string video_id(std::int64_t video) const;
  /// Times are the exact doubles of the source. Throws Error(Corrupt) unless the bytes match their hash,
  /// Error(Unreadable) when they cannot be read.
  [[nodiscard]] Narration read(std::int64_t video) const;
  /// Of the content, ids and lines in their order: narrations imported from carriers of another kind have the
  /// same. It is kept in the file, not computed.
  [[nodiscard]] std::string digest() const;

 private:
  struct Content;
  std::unique_ptr<const Content> content_;
};

}  // namespace tvr
