#pragma once

#include <cstdint>
#include <deque>

#include "extract/media/av_handle.h"

namespace tvr {

/// The times that the ffmpeg program (5.1) assigns to packets and frames: the container's start time is
/// subtracted, jumps and wraps of the demuxer's clock are corrected, missing times are extrapolated. Rules
/// and thresholds follow fftools/ffmpeg.c of FFmpeg 5.1 for one decoded video stream.
class PacketClock {
 public:
  /// All three must outlive the clock; all other streams of `format` must be discarded.
  PacketClock(const AVFormatContext& format, AVStream& stream, const AVCodecContext& codec);

  /// Call once per packet, before decoding it: corrects its times and starts its turn.
  void packet_read(AVPacket& packet);
  /// Call before each call to the decoder; `packet` is null if the same packet is continued or the decoder is
  /// being drained.
  void before_decode(AVPacket* packet);
  /// The time of a frame returned by the decoder; `draining`: after the end of the file.
  [[nodiscard]] std::int64_t picture_time(const AVFrame& picture, bool draining);
  /// Call after each call to the decoder. `packet_duration` is 0 when draining; `repeated`: the same packet
  /// was continued.
  void after_decode(std::int64_t packet_duration, const AVFrame* picture, bool repeated, bool draining);
  /// When draining: call before each further call to the decoder.
  void before_drain();
  /// End time of the last frame, which is the end of the stream, in its time base.
  [[nodiscard]] std::int64_t end() const;

 private:
  void undo_wrap(AVPacket& packet);
  void hide_jump(AVPacket& packet);
  void start();

  const AVFormatContext& format_;
  AVStream& stream_;
  const AVCodecContext& codec_;
  std::int64_t offset_us_;
  bool wrap_done_ = false;
  bool started_ = false;
  // In microseconds of the output timeline; AV_NOPTS_VALUE: unknown.
  std::int64_t last_us_ = AV_NOPTS_VALUE;
  std::int64_t dts_us_ = 0, next_dts_us_ = AV_NOPTS_VALUE;
  std::int64_t pts_us_ = 0, next_pts_us_ = AV_NOPTS_VALUE;
  std::deque<std::int64_t> drained_dts_;  // substitutes for times that a draining decoder does not know
};

}  // namespace tvr
