#include "extract/media/packet_clock.h"

#include <algorithm>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace tvr {
namespace {

constexpr std::int64_t kUnknown = AV_NOPTS_VALUE;
constexpr AVRational kMicrosecond{1, AV_TIME_BASE};
constexpr std::int64_t kJumpUs = 10LL * AV_TIME_BASE;     // a discontinuity, in MPEG-TS and the like
constexpr std::int64_t kErrorUs = 3600LL * AV_TIME_BASE;  // a wrong timestamp, in other formats
constexpr std::int64_t kBackwardUs = AV_TIME_BASE / 10;

// Damaged files hold arbitrary numbers: sums wrap around instead of being undefined.
std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
bool beyond(std::int64_t delta, std::int64_t threshold) { return delta < -threshold || delta > threshold; }

std::int64_t frame_duration(const AVFrame& picture) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  return picture.duration;
#else
  return picture.pkt_duration;
#endif
}

/// Ticks per frame of this codec: its parser may count fields.
int ticks_per_frame(const AVCodecContext& codec) {
#ifdef AV_CODEC_PROP_FIELDS
  const AVCodecDescriptor* const descriptor = codec.codec_descriptor;
  return descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_FIELDS) != 0 ? 2 : 1;
#else
  return codec.ticks_per_frame;
#endif
}

std::int64_t counted_duration_us(const AVStream& stream, const AVCodecContext& codec) {
  if (codec.framerate.num == 0 || codec.framerate.den == 0) return 0;
  const AVCodecParserContext* const parser = av_stream_get_parser(&stream);
  const int per_frame = ticks_per_frame(codec);
  const int ticks = parser != nullptr ? parser->repeat_pict + 1 : per_frame;
  return static_cast<std::int64_t>(AV_TIME_BASE) * codec.framerate.den * ticks / codec.framerate.num /
         per_frame;
}

void shift(AVPacket& packet, std::int64_t by_us, AVRational time_base) {
  const std::int64_t by = av_rescale_q(by_us, kMicrosecond, time_base);
  if (packet.dts != kUnknown) packet.dts = sum(packet.dts, by);
  if (packet.pts != kUnknown) packet.pts = sum(packet.pts, by);
}

std::int64_t to_us(std::int64_t time, AVRational time_base) {
  return av_rescale_q_rnd(time, time_base, kMicrosecond,
                          static_cast<AVRounding>(AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX));
}

}  // namespace

PacketClock::PacketClock(const AVFormatContext& format, AVStream& stream, const AVCodecContext& codec)
    : format_(format),
      stream_(stream),
      codec_(codec),
      offset_us_(format.start_time == kUnknown ? 0 : difference(0, format.start_time)) {}

void PacketClock::packet_read(AVPacket& packet) {
  undo_wrap(packet);
  shift(packet, offset_us_, stream_.time_base);
  hide_jump(packet);
  if (packet.dts != kUnknown) last_us_ = av_rescale_q(packet.dts, stream_.time_base, kMicrosecond);
  start();
  if (packet.dts != kUnknown) {
    next_dts_us_ = dts_us_ = av_rescale_q(packet.dts, stream_.time_base, kMicrosecond);
  }
}

void PacketClock::undo_wrap(AVPacket& packet) {
  if (wrap_done_ || format_.start_time == kUnknown || stream_.pts_wrap_bits >= 64) return;
  if (next_dts_us_ == kUnknown && offset_us_ == difference(0, format_.start_time) &&
      (format_.iformat->flags & AVFMT_TS_DISCONT) != 0 && stream_.start_time != kUnknown) {
    const std::int64_t start_us = av_rescale_q(stream_.start_time, stream_.time_base, kMicrosecond);
    if (start_us > format_.start_time) offset_us_ = difference(0, start_us);  // only the streams in use count
  }
  const std::int64_t start = av_rescale_q(format_.start_time, kMicrosecond, stream_.time_base);
  const auto period = static_cast<std::int64_t>(1ULL << stream_.pts_wrap_bits);
  const std::int64_t latest = sum(start, static_cast<std::int64_t>(1ULL << (stream_.pts_wrap_bits - 1)));
  wrap_done_ = true;
  if (sum(start, period) <= start) return;
  for (std::int64_t* const time : {&packet.dts, &packet.pts}) {
    if (*time == kUnknown || *time <= latest) continue;
    *time = difference(*time, period);
    wrap_done_ = false;
  }
}

void PacketClock::hide_jump(AVPacket& packet) {
  const bool may_jump = (format_.iformat->flags & AVFMT_TS_DISCONT) != 0;
  std::int64_t dts_us = to_us(packet.dts, stream_.time_base);
  if (dts_us == kUnknown) return;
  const auto hide = [&](std::int64_t delta) {
    offset_us_ = difference(offset_us_, delta);
    shift(packet, difference(0, delta), stream_.time_base);
  };
  if (next_dts_us_ == kUnknown) {
    const std::int64_t delta = difference(dts_us, last_us_);
    if (may_jump && last_us_ != kUnknown && beyond(delta, kJumpUs)) hide(delta);
    return;
  }
  const std::int64_t delta = difference(dts_us, next_dts_us_);
  if (may_jump) {
    if (beyond(delta, kJumpUs) || sum(dts_us, kBackwardUs) < std::max(pts_us_, dts_us_)) hide(delta);
    return;
  }
  if (beyond(delta, kErrorUs)) packet.dts = kUnknown;
  if (packet.pts == kUnknown) return;
  const std::int64_t pts_us = av_rescale_q(packet.pts, stream_.time_base, kMicrosecond);
  if (beyond(difference(pts_us, next_dts_us_), kErrorUs)) packet.pts = kUnknown;
}

/// The stream's first timestamp when decoding starts: a codec that reorders starts that many frames before 0.
void PacketClock::start() {
  if (!started_) {
    const AVRational rate = stream_.avg_frame_rate;
    dts_us_ =
        rate.num == 0 ? 0 : static_cast<std::int64_t>(-codec_.has_b_frames * AV_TIME_BASE / av_q2d(rate));
    pts_us_ = 0;
    started_ = true;
  }
  if (next_dts_us_ == kUnknown) next_dts_us_ = dts_us_;
  if (next_pts_us_ == kUnknown) next_pts_us_ = pts_us_;
}

void PacketClock::before_decode(AVPacket* packet) {
  pts_us_ = next_pts_us_;
  dts_us_ = next_dts_us_;
  if (packet == nullptr || packet->size == 0) return;
  packet->dts = dts_us_ == kUnknown ? kUnknown : av_rescale_q(dts_us_, kMicrosecond, stream_.time_base);
}

void PacketClock::before_drain() {
  start();
  before_decode(nullptr);
  drained_dts_.push_back(dts_us_ == kUnknown ? kUnknown
                                             : av_rescale_q(dts_us_, kMicrosecond, stream_.time_base));
}

std::int64_t PacketClock::picture_time(const AVFrame& picture, bool draining) {
  std::int64_t time = picture.best_effort_timestamp;
  if (draining && time == kUnknown && !drained_dts_.empty()) {
    time = drained_dts_.front();
    drained_dts_.pop_front();
  }
  if (time == kUnknown) return picture.pts;
  next_pts_us_ = pts_us_ = av_rescale_q(time, stream_.time_base, kMicrosecond);
  return time;
}

void PacketClock::after_decode(std::int64_t packet_duration, const AVFrame* picture, bool repeated,
                               bool draining) {
  std::int64_t duration_us = 0;
  if (!repeated || draining || picture != nullptr) {
    duration_us = packet_duration != 0 ? av_rescale_q(packet_duration, stream_.time_base, kMicrosecond)
                                       : counted_duration_us(stream_, codec_);
    next_dts_us_ = dts_us_ != kUnknown && duration_us != 0 ? sum(next_dts_us_, duration_us) : kUnknown;
  }
  if (picture == nullptr) return;
  const std::int64_t shown = frame_duration(*picture);
  next_pts_us_ =
      sum(next_pts_us_, shown > 0 ? av_rescale_q(shown, stream_.time_base, kMicrosecond) : duration_us);
}

std::int64_t PacketClock::end() const {
  return av_rescale_q_rnd(pts_us_, kMicrosecond, stream_.time_base,
                          static_cast<AVRounding>(AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX));
}

}  // namespace tvr
