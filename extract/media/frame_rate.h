#pragma once

#include <cstdint>

extern "C" {
#include <libavutil/avutil.h>
#include <libavutil/rational.h>
}

namespace tvr {

/// Which frames of any timing make a video of a fixed rate: the arithmetic of FFmpeg's `fps` filter (rounding
/// to nearest, the last frame whose rounded time has come wins). It always holds the newest frame back.
class FrameRate {
 public:
  FrameRate(AVRational time_base, int fps) : time_base_(time_base), fps_(fps) {}

  /// A run of output slots, `count` of them from number `first`, all filled with one frame.
  struct Slots {
    std::int64_t first = 0;
    std::int64_t count = 0;
  };

  /// A new frame at `pts` arrives: the slots that the frame held back until now fills.
  [[nodiscard]] Slots push(std::int64_t pts);
  /// The stream ends at `end_pts`: the slots of the last frame.
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

/// How often each slot's picture is written so that slot numbers and written pictures keep step: the
/// constant-frame-rate output of the ffmpeg program (5.1). A stream that starts late is padded, one that runs
/// behind loses pictures.
class ConstantRate {
 public:
  struct Copies {
    std::int64_t previous = 0;  // of the picture before, first
    std::int64_t current = 0;   // of this one
    bool forget = false;        // this picture is not to become "the picture before"
  };

  [[nodiscard]] Copies at(std::int64_t slot);
  /// Copies of the last picture at the end of the stream.
  [[nodiscard]] std::int64_t at_end() const;

 private:
  std::int64_t written_ = 0;
  std::int64_t last_previous_[3] = {0, 0, 0};
};

}  // namespace tvr
