#pragma once

#include <filesystem>
#include <string>

#include "data/time.h"

namespace tvr {

/// A clip that was cut out of a video.
struct CutClip {
  TimeSpan span;        // of the video; begins up to ten seconds before what was wanted where it is copied
  bool copied = true;   // false: its pictures are encoded again
  std::string silence;  // why it has no sound although the video has; else empty
};

/// Writes a part of a video to a new MP4, with its sound. Its pictures are copied from the key frame at or
/// before the span to its end, and a few more where pictures are not shown in the order of decoding; where
/// that cannot be done (CopiedTrack), and with `exact`, those of exactly this span are encoded again. The
/// sound is copied where MP4 holds it. Takes at most ten minutes of processor time. Equal videos give equal
/// files with the same build of the libraries. Throws what opening and decoding a video throw (MediaInput,
/// FrameStream), Error(Busy) where something has the file's name, write_error(), Error(InvalidArgument) for
/// an empty span.
[[nodiscard]] CutClip cut_video(const std::filesystem::path& video, TimeSpan span,
                                const std::filesystem::path& file, bool exact);

/// The frame rate that a video states; 25 where it states none. Throws as opening it does.
struct StatedRate {
  int num = 25, den = 1;
};
[[nodiscard]] StatedRate stated_rate(const std::filesystem::path& video);

}  // namespace tvr
