#pragma once

#include <cstdint>

extern "C" {
#include <libavutil/avutil.h>
#include <libavutil/rational.h>
}

namespace tvr {

/// Selects the frames of a constant-rate video from frames of arbitrary timing, as FFmpeg's `fps` filter
/// does: times are rounded to the nearest slot, and a slot shows the last frame whose rounded time is not
/// after it. Always holds back the newest frame.
class FrameRate {
 public:
  FrameRate(AVRational time_base, int fps) : time_base_(time_base), fps_(fps) {}

  /// `count` consecutive output slots from number `first`, all filled with the same frame.
  struct Slots {
    std::int64_t first = 0;
    std::int64_t count = 0;
  };

  /// A new frame arrives at `pts`: returns the slots filled by the frame held back until now.
  [[nodiscard]] Slots push(std::int64_t pts);
  /// The stream ends at `end_pts`: returns the slots of the last frame.
  [[nodiscard]] Slots finish(std::int64_t end_pts);

 private:
  [[nodiscard]] std::int64_t slot(std::int64_t pts) const;
  [[nodiscard]] Slots fill_until(std::int64_t slot);

  AVRational time_base_;
  int fps_;
  bool holds_ = false;
  std::int64_t held_ = AV_NOPTS_VALUE;  // slot of the frame held back
  std::int64_t next_ = AV_NOPTS_VALUE;  // the next slot to fill
};

/// How often each slot's frame is written so that slot numbers and written frames stay in sync: the
/// constant-frame-rate output of the ffmpeg program (5.1). A stream that starts late is padded with copies;
/// one that falls behind drops frames.
class ConstantRate {
 public:
  struct Copies {
    std::int64_t previous = 0;  // of the previous frame, written first
    std::int64_t current = 0;   // of this frame
    bool forget = false;        // this frame must not become the previous frame
  };

  [[nodiscard]] Copies at(std::int64_t slot);
  /// Copies of the last frame at the end of the stream.
  [[nodiscard]] std::int64_t at_end() const;

 private:
  std::int64_t written_ = 0;
  std::int64_t last_previous_[3] = {0, 0, 0};
};

}  // namespace tvr
