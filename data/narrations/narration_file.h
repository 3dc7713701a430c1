#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/descriptor.h"
#include "data/fingerprint.h"
#include "data/narrations/narration.h"
#include "data/narrations/narration_record.h"
#include "data/narrations/narration_table.h"
#include "data/progress.h"

namespace tvr {

/// The narrations of many videos in one file that is read by position (docs/NARRATIONS.md): NarrationWriter
/// writes it. A video is one read of some 10 KB; memory holds the table of videos (some 40 bytes each), not
/// the lines. All methods may be called by several threads at once.
class NarrationFile {
 public:
  /// Throws Error(NotFound | Unreadable), Error(Unsupported) for what is no regular file or is a file of
  /// another kind, Error(Corrupt) for a damaged or cut one.
  explicit NarrationFile(const std::filesystem::path& path);

  [[nodiscard]] std::int64_t video_count() const noexcept { return static_cast<std::int64_t>(table_.size()); }
  /// The video's place; nullopt when it has no narration here. `video_id` is an id, as stores have them
  /// (data/datasets/video_id.h), not a name.
  [[nodiscard]] std::optional<std::int64_t> find(const std::string& video_id) const;
  /// 0 <= video < video_count(), in the order of the import.
  [[nodiscard]] std::string video_id(std::int64_t video) const;
  /// Number of its lines, without reading them; may be 0.
  [[nodiscard]] std::int64_t line_count(std::int64_t video) const { return table_.lines[index(video)]; }
  /// Times are the exact doubles of the source. Throws Error(Corrupt) unless the bytes match their hash,
  /// Error(Unreadable) when they cannot be read.
  [[nodiscard]] Narration read(std::int64_t video) const;
  /// Of the content, ids and lines in their order: narrations imported from carriers of another kind have the
  /// same. It is kept in the file, not computed.
  [[nodiscard]] const Digest& digest() const noexcept { return end_.content; }
  /// What the writer was given: from where the narrations come.
  [[nodiscard]] const std::string& origin() const noexcept { return origin_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  struct Damage {
    std::string video_id;
    std::string what;
  };
  /// Reads all. The videos that do not match their hashes; throws Error(Corrupt) when all of them do, and yet
  /// not the digest. `progress` receives videos.
  [[nodiscard]] std::vector<Damage> verify(const Progress& progress = {}) const;

 private:
  [[nodiscard]] NarrationRecord record(std::size_t video) const;
  [[nodiscard]] std::size_t index(std::int64_t video) const;
  [[nodiscard]] std::string bytes_at(std::uint64_t from, std::uint64_t to) const;

  std::string name_;
  Descriptor file_;
  std::uint64_t bytes_ = 0;
  std::string origin_;
  NarrationTable table_;
  NarrationEnd end_;
};

}  // namespace tvr
