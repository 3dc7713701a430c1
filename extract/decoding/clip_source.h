#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "extract/media/clip_stream.h"

namespace tvr {

/// The clips of a video that is being decoded. Pulled by the thread that opened it.
class VideoClips {
 public:
  virtual ~VideoClips() = default;
  /// As ClipStream::next(), Errors included; clip.lane is an index into the requested lanes. A source that
  /// blocks polls `stop` and throws Error(Interrupted) when it returns true. Error(Device | Machine) ends the
  /// run; any other error concerns this video only, and Error(NotFound | Unreadable) says that its file could
  /// not be read this time.
  [[nodiscard]] virtual std::optional<Clip> next(const std::function<bool()>& stop) = 0;
  /// Valid once next() has returned nullopt.
  [[nodiscard]] virtual const DecodeSummary& summary() const noexcept = 0;
};

/// Opens videos as clip sources for an extraction.
class ClipSource {
 public:
  virtual ~ClipSource() = default;
  /// Starts decoding `lanes` (indices) of a file. `first` is, for each of them, the index of the first clip
  /// wanted: those before it are decoded, but not given. Thread-safe. Throws what next() throws.
  [[nodiscard]] virtual std::unique_ptr<VideoClips> open(const std::filesystem::path& path,
                                                         const std::vector<std::size_t>& lanes,
                                                         const std::vector<std::int64_t>& first) = 0;
};

}  // namespace tvr
