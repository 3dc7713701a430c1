#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "data/time.h"
#include "extract/media/frame_stream.h"
#include "extract/media/track.h"

namespace tvr {

/// Opens the video once more.
using OpenMedia = std::function<std::unique_ptr<MediaInput>()>;

/// Pictures that are decoded and encoded again, as H.264 (libx264, one thread: equal pictures give equal
/// bytes with the same build of the libraries), 8 bit, in the size of the first and as wide and upright as
/// the source says.
class EncodedTrack : public Track {
 public:
  /// Begins with the picture that is shown at the beginning of `span` and ends with it. Throws what opening
  /// and decoding throw, Error(Corrupt) where no picture is shown then, Error(Unsupported) where libavcodec
  /// lacks libx264.
  EncodedTrack(const OpenMedia& open, TimeSpan span, const DecodeLimits& limits);

  [[nodiscard]] bool next(AVPacket& packet) override;
  void describe(AVStream& stream) const override;

 private:
  void find_first(const OpenMedia& open);
  [[nodiscard]] bool begins_in_time(bool sought);
  void open_encoder();
  [[nodiscard]] FrameHandle next_picture();
  [[nodiscard]] FrameHandle converted(const AVFrame& from);
  void check(int status, const char* what) const;

  TimeSpan span_;
  DecodeLimits limits_;
  std::unique_ptr<MediaInput> input_;
  std::optional<FrameStream> frames_;
  std::optional<Frame> held_;  // the next picture; when the one after it is known, it is known to be shown
  std::int64_t last_pts_ = -1;
  CodecHandle codec_;
  ScalerHandle scaler_;
};

}  // namespace tvr
