#pragma once

#include <cstdint>
#include <deque>

#include "extract/media/av_handle.h"

namespace tvr {

/// The times that the ffmpeg program (5.1) gives to packets and pictures: the container's start time is taken
/// off, jumps and wraps of the demuxer's clock are hidden, missing times are filled in by counting. Rules and
/// thresholds follow what fftools/ffmpeg.c of FFmpeg 5.1 does for one decoded video stream.
class PacketClock {
 public:
  /// All three must outlive the clock; `stream` is the only one of `format` that is not discarded.
  PacketClock(const AVFormatContext& format, AVStream& stream, const AVCodecContext& codec);

  /// Once a packet, before it is decoded: corrects its times and starts its turn.
  void packet_read(AVPacket& packet);
  /// Before each call into the decoder; `packet` is null where the same packet, or a drained codec, is asked
  /// again.
  void before_decode(AVPacket* packet);
  /// The time of a picture that the decoder gave out; `draining` when the file has ended.
  [[nodiscard]] std::int64_t picture_time(const AVFrame& picture, bool draining);
  /// After each call into the decoder. `packet_duration` is 0 when draining; `repeated`: the same packet
  /// asked again.
  void after_decode(std::int64_t packet_duration, const AVFrame* picture, bool repeated, bool draining);
  /// When draining: the decoder was asked once more.
  void before_drain();
  /// Where the last picture ends: the end of the stream, in its time base.
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
  // Microseconds of the output; AV_NOPTS_VALUE: unknown.
  std::int64_t last_us_ = AV_NOPTS_VALUE;
  std::int64_t dts_us_ = 0, next_dts_us_ = AV_NOPTS_VALUE;
  std::int64_t pts_us_ = 0, next_pts_us_ = AV_NOPTS_VALUE;
  std::deque<std::int64_t> drained_dts_;  // stand in for times that a drained codec does not know
};

}  // namespace tvr
