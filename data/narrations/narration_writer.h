#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_set>

#include "data/descriptor.h"
#include "data/fingerprint.h"
#include "data/narrations/narration.h"
#include "data/narrations/narration_table.h"
#include "data/progress.h"

namespace tvr {

/// Whether `path` is a finished file of narrations with this origin. False when nothing is there. Throws
/// Error(Mismatch) for one with another origin, and what NarrationFile() throws.
[[nodiscard]] bool has_narrations(const std::filesystem::path& path, const std::string& origin);

/// Writes a file of narrations, video by video. Until finish() it lies beside its place, as
/// .NAME.importing; when the program is killed, the next writer with the same origin goes on from the last
/// mark, of which there is one per 8 MiB, and the file comes out equal to the byte.
class NarrationWriter {
 public:
  /// `origin`: where the narrations come from and what is done to them, of at most 64 KiB, any text. What an
  /// import with another origin has left is begun anew. `progress` receives bytes, while what is there is
  /// checked. Throws Error(Busy) when another program writes the file, and write_error(), as all methods do.
  NarrationWriter(std::filesystem::path path, std::string origin, const Progress& progress = {});

  /// Where the source is to be read on, as add() was given it; 0: from its beginning.
  [[nodiscard]] std::uint64_t source_position() const noexcept { return position_; }
  [[nodiscard]] std::int64_t video_count() const noexcept { return static_cast<std::int64_t>(table_.size()); }
  [[nodiscard]] std::int64_t line_count() const noexcept { return lines_; }
  /// Lines without a text.
  [[nodiscard]] std::int64_t empty_line_count() const noexcept { return empty_lines_; }

  /// `id`: as a NarrationSource gives it. `source_position`: after the video. Throws Error(Corrupt) for an id
  /// that is there already, Error(Limit) for more lines or text than a video may have.
  void add(const std::string& id, const Narration& narration, std::uint64_t source_position);
  /// Syncs the file and puts it into its place, in place of what is there. Throws Error(Corrupt) when there
  /// is no video.
  void finish();

 private:
  void open_aside();
  [[nodiscard]] bool take_up(const Progress& progress);
  void mark();
  void flush();

  std::filesystem::path path_, aside_;
  std::string name_, header_;
  Descriptor file_;
  NarrationTable table_;
  std::unordered_set<std::string> ids_;
  Sha256 content_;
  std::int64_t lines_ = 0, empty_lines_ = 0;
  std::uint64_t position_ = 0;  // in the source
  std::uint64_t bytes_ = 0;     // of the file, the buffer included
  std::uint64_t marked_ = 0;    // where the last mark ends
  std::string buffer_;          // not yet written
};

}  // namespace tvr
