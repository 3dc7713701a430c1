#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "data/time.h"
#include "extract/media/media_input.h"
#include "extract/media/track.h"

namespace tvr {

/// Where the video's own time begins on the container's clock, in microseconds: as PacketClock has it.
[[nodiscard]] std::int64_t origin_us(MediaInput& input);

/// Packets of a stream as they are in the file, without decoding.
class CopiedTrack : public Track {
 public:
  /// The pictures from the last key frame at or before `span`, and all that is shown until its end. Throws
  /// Error(Unsupported) where there is no key frame up to ten seconds before, where the file cannot be sought
  /// in or its packets have no times, and where MP4 does not hold the codec.
  static std::unique_ptr<CopiedTrack> pictures(std::unique_ptr<MediaInput> input, TimeSpan span);

  /// The sound of exactly this span; `input` as it was opened, with the pictures selected. nullptr: it has
  /// none. Throws Error(Unsupported) where MP4 does not hold the codec.
  static std::unique_ptr<CopiedTrack> sound(std::unique_ptr<MediaInput> input, TimeSpan span);

  [[nodiscard]] bool next(AVPacket& packet) override;
  void describe(AVStream& stream) const override;
  /// Of the source: begins with the first packet's time.
  [[nodiscard]] TimeSpan span() const noexcept { return span_; }

 private:
  CopiedTrack(std::unique_ptr<MediaInput> input, std::int64_t origin_us, TimeSpan span);

  void require_codec() const;
  [[nodiscard]] bool seek(Micros to);
  [[nodiscard]] std::int64_t key_frame_before(Micros time);
  [[nodiscard]] std::int64_t ticks(std::int64_t time) const;
  [[nodiscard]] bool read();
  void take(PacketHandle packet);
  void date(std::int64_t known);

  std::unique_ptr<MediaInput> input_;
  std::int64_t origin_us_;
  TimeSpan span_;
  std::int64_t begin_ = 0, end_ = 0;  // of span_, in kTrackTime from the video's beginning
  std::deque<PacketHandle> packets_;  // read, in kTrackTime from the clip's beginning, but not given yet
  std::size_t undated_ = 0;           // how many of them, the last ones, have no time of decoding yet
  std::size_t ready_ = 0;             // how many, the first ones, may be given
  std::int64_t last_dts_ = AV_NOPTS_VALUE;
  bool of_pictures_ = false, waits_for_key_ = false, over_ = false;
};

}  // namespace tvr
