#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "extract/media/clip_stream.h"

namespace tvr {

/// The clips of one video that is being decoded. The thread that opened it pulls them.
class VideoClips {
 public:
  virtual ~VideoClips() = default;
  /// As ClipStream::next(), Errors included; clip.lane counts the lanes asked for. A source that waits asks
  /// `stop` every now and then: Error(Interrupted). Error(Device) ends the run, any other the video.
  [[nodiscard]] virtual std::optional<Clip> next(const std::function<bool()>& stop) = 0;
  /// Valid once next() has returned nullopt.
  [[nodiscard]] virtual const DecodeSummary& summary() const noexcept = 0;
};

/// Where an extraction takes the clips of its videos from.
class ClipSource {
 public:
  virtual ~ClipSource() = default;
  /// Starts to decode `lanes` (indices) of a file. Safe from many threads. Throws what next() throws.
  [[nodiscard]] virtual std::unique_ptr<VideoClips> open(const std::filesystem::path& path,
                                                         const std::vector<std::size_t>& lanes) = 0;
};

}  // namespace tvr
