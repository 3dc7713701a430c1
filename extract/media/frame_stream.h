#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "extract/media/av_handle.h"
#include "extract/media/frame.h"
#include "extract/media/media_input.h"
#include "extract/media/packet_clock.h"

namespace tvr {

/// What was wrong with a stream, as far as decoding has come.
struct Damage {
  std::int64_t packets_read = 0;
  std::int64_t pictures = 0;
  std::int64_t rejected = 0;  // packets that the decoder refused
  std::int64_t flawed = 0;    // packets or pictures that libav marks as corrupt
};

/// The pictures of a video in order, pulled one at a time, each with its time. One decoder thread: a damaged
/// H.264 file decodes differently with each number of threads.
class FrameStream {
 public:
  /// `input` must outlive this. `gpu`: NVDEC of this GPU decodes large upright videos of codecs that it
  /// knows, and leaves the pictures there; all else is decoded on the CPU. Throws
  /// Error(Unsupported) without a decoder for the stream, or without that GPU.
  FrameStream(MediaInput& input, const DecodeLimits& limits, std::optional<int> gpu = std::nullopt);

  /// nullopt: the video is over; stays so. A packet that the decoder refuses is skipped and counted.
  /// Throws Error(Limit | Timeout).
  [[nodiscard]] std::optional<Frame> next();

  /// Once next() has returned nullopt: the time at which the last picture ends, in units of the stream's time
  /// base.
  [[nodiscard]] std::int64_t end() const { return clock_->end(); }
  [[nodiscard]] const Damage& damage() const noexcept { return damage_; }

 private:
  enum class State { NeedsPacket, InPacket, Draining, Over };

  void open_decoder(const DecodeLimits& limits, std::optional<int> gpu);
  static int give_picture_memory(AVCodecContext* codec, AVFrame* picture, int flags);
  void check_memory(int status) const;
  void read_packet();
  [[nodiscard]] std::optional<Frame> decode();
  [[nodiscard]] std::optional<Frame> drain();
  void tell_delay();
  [[nodiscard]] Frame finish(FrameHandle picture, bool draining);

  MediaInput& input_;
  bool joined_;  // a broadcast, which may be cut anywhere: what precedes its first whole picture is no loss
  CodecHandle codec_;
  std::optional<PacketClock> clock_;
  PacketHandle packet_;
  std::int64_t packet_duration_ = 0;
  bool packet_sent_ = false;
  bool memory_refused_ = false;
  State state_ = State::NeedsPacket;
  int refused_drains_ = 0;
  Damage damage_;
};

}  // namespace tvr
