#include "extract/media/frame_rate.h"

#include <algorithm>
#include <cmath>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace tvr {
namespace {

constexpr std::int64_t kTooManyCopies = 30 * 3600;  // the ffmpeg program does not fill longer gaps

}  // namespace

std::int64_t FrameRate::slot(std::int64_t pts) const {
  return av_rescale_q_rnd(pts, time_base_, {1, fps_},
                          static_cast<AVRounding>(AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX));
}

FrameRate::Slots FrameRate::fill_until(std::int64_t slot) {
  if (!holds_) return {};
  if (next_ == AV_NOPTS_VALUE) next_ = held_;
  if (next_ == AV_NOPTS_VALUE || slot <= next_) return {};
  const Slots filled{next_, slot - next_};
  next_ = slot;
  return filled;
}

FrameRate::Slots FrameRate::push(std::int64_t pts) {
  const std::int64_t arriving = slot(pts);
  const Slots filled = fill_until(arriving);
  held_ = arriving;
  holds_ = true;
  return filled;
}

FrameRate::Slots FrameRate::finish(std::int64_t end_pts) {
  const Slots filled = fill_until(slot(end_pts));
  holds_ = false;
  return filled;
}

ConstantRate::Copies ConstantRate::at(std::int64_t slot) {
  // In double and nudged off the exact midpoint, as the ffmpeg program computes it.
  const double nudge = slot == 0 ? 0 : std::copysign(1.0 / (1 << 17), static_cast<double>(slot));
  const double drift = static_cast<double>(slot) + nudge - static_cast<double>(written_);
  const double span = drift + 1;
  std::int64_t previous = 0;
  std::int64_t total = 1;
  if (span < -1.1) {
    total = 0;
  } else if (span > 1.1) {
    total = std::llrint(span);
    if (drift > 1.1) previous = std::llrint(drift - 0.6);
  }
  previous = std::min(previous, total);
  last_previous_[2] = last_previous_[1];
  last_previous_[1] = last_previous_[0];
  last_previous_[0] = previous;
  if (total > std::max<std::int64_t>(kTooManyCopies, 1)) return {0, 0, true};
  written_ += total;
  return {previous, total - previous, false};
}

std::int64_t ConstantRate::at_end() const {
  const auto [low, high] = std::minmax(last_previous_[0], last_previous_[1]);
  return std::clamp(last_previous_[2], low, high);
}

}  // namespace tvr
