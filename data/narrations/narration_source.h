#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/narrations/narration.h"
#include "data/progress.h"

namespace tvr {

/// A video as a NarrationSource gives it.
struct NarratedVideo {
  std::string id;  // of the name in the source: escape_video_id(), validate_video_id()
  Narration narration;
};

/// The narrations of many videos as others distribute them, read one after another: memory holds one video (a
/// pickle: some thousand), never the file. Errors name the file and, where they are one's, the video.
class NarrationSource {
 public:
  virtual ~NarrationSource() = default;
  /// false: there is no further video. Throws Error(Corrupt | Unsupported | Limit | Unreadable).
  [[nodiscard]] virtual bool next(NarratedVideo& video) = 0;
  /// Where next() reads on, for seek(); 0 at the beginning.
  [[nodiscard]] virtual std::uint64_t position() const = 0;
  /// Goes on where position() was, in an unchanged source. Call it before next().
  virtual void seek(std::uint64_t position) = 0;
  /// For showing progress: how much of total() has been read.
  [[nodiscard]] virtual std::uint64_t done() const = 0;
  [[nodiscard]] virtual std::uint64_t total() const = 0;
  /// What they count, in the plural.
  [[nodiscard]] virtual const char* unit() const = 0;
};

/// caption.json (narration_json.h), caption.pickle and MMPT's raw_caption.pkl (narration_pickle.h), a folder
/// or a zip of CSVs (narration_csv.h), by what the path holds. Throws Error(Unsupported) for anything else.
/// `progress`: of opening a pickle.
[[nodiscard]] std::unique_ptr<NarrationSource> open_narrations(const std::filesystem::path& path,
                                                               const Progress& progress = {});

/// Text by which an unchanged source is recognised: its name, size and time; of a folder the number of its
/// files. `source`: of this path.
[[nodiscard]] std::string identity_of_narrations(const std::filesystem::path& path,
                                                 const NarrationSource& source);

}  // namespace tvr
