#pragma once

#include <string>

#include "data/error.h"
#include "extract/media/av_handle.h"

namespace tvr {

/// The time base of the packets of a Track: that of MPEG, which divides by all usual frame rates.
constexpr AVRational kTrackTime{1, 90000};

/// A track of a clip that is cut out of a video.
class Track {
 public:
  virtual ~Track() = default;
  /// The next packet in order of decoding, its times in kTrackTime from the clip's beginning; false at the
  /// end. Throws what MediaInput::read() throws, and Error(Unsupported) where the packets cannot be had so.
  [[nodiscard]] virtual bool next(AVPacket& packet) = 0;
  /// Of the packets; also what belongs to the track as a whole, its display matrix among it.
  virtual void describe(AVStream& stream) const = 0;
};

/// The Error(Corrupt) of a video that shows nothing at the moment to cut.
[[nodiscard]] Error nothing_shown(const std::string& video);

/// Turns and flips `to` as `from` is.
void copy_display_matrix(const AVStream& from, AVStream& to);

}  // namespace tvr
