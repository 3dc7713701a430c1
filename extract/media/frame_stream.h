#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "extract/media/av_handle.h"
#include "extract/media/frame.h"
#include "extract/media/media_input.h"
#include "extract/media/packet_clock.h"

namespace tvr {

/// Damage found in a stream so far.
struct Damage {
  std::int64_t packets_read = 0;
  std::int64_t pictures = 0;
  std::int64_t rejected = 0;  // packets that the decoder rejected
  std::int64_t flawed = 0;    // packets or frames that libav marks as corrupt
  std::int64_t unshown = 0;   // packets that give no picture: empty, or left out by an edit list
  bool in_fields = false;     // interlaced: two packets may give one picture
};

/// The frames of a video in order, pulled one at a time, each with its time. Decodes with one thread: a
/// damaged H.264 file decodes differently with each thread count.
class FrameStream {
 public:
  /// `input` must outlive this. `gpu`: NVDEC of this GPU decodes large, unrotated videos in codecs that it
  /// supports, and leaves the frames there; everything else is decoded on the CPU. Throws Error(Unsupported)
  /// if the stream has no decoder or the GPU is missing.
  FrameStream(MediaInput& input, const DecodeLimits& limits, std::optional<int> gpu = std::nullopt);

  /// nullopt: end of the video, also on later calls. Packets that the decoder rejects are skipped and
  /// counted.
  /// Throws Error(Limit | Timeout).
  [[nodiscard]] std::optional<Frame> next();

  /// The end time of the last frame, in units of the stream's time base. Valid once next() has returned
  /// nullopt.
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
  bool joined_;  // a broadcast, which may start anywhere: what precedes its first whole frame is no damage
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
