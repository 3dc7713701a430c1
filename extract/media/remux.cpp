#include "extract/media/remux.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <vector>

#include "data/error.h"
#include "data/store/feature.h"
#include "extract/media/av_log.h"
#include "extract/media/browser_formats.h"
#include "extract/media/media_input.h"
#include "extract/media/picture_order.h"
#include "extract/media/track.h"

extern "C" {
#include <libavutil/mathematics.h>
}

namespace tvr {
namespace {

constexpr std::int64_t kUnknown = AV_NOPTS_VALUE;
constexpr AVRational kMicrosecond{1, AV_TIME_BASE};
constexpr std::int64_t kJumpUs = 10LL * AV_TIME_BASE;  // as in PacketClock
constexpr std::int64_t kLatestUs = kLongestVideo.count();

/// A muxer's output: an open file, whose size is limited.
class Output {
 public:
  Output(const Descriptor& file, std::int64_t max_bytes) : file_(file), max_bytes_(max_bytes) {
    constexpr int kBytes = 1 << 16;
    auto* const buffer = static_cast<unsigned char*>(av_allocated(av_malloc(kBytes)));
    io_.reset(avio_alloc_context(buffer, kBytes, 1, this, nullptr, write, seek));
    if (io_ == nullptr) {
      av_free(buffer);
      throw std::bad_alloc();
    }
  }

  [[nodiscard]] AVIOContext* io() noexcept { return io_.get(); }

  /// Throws what kept bytes from being written.
  void check(const std::string& name) const {
    if (is_full_)
      throw Error(Fault::Limit, name, "limit of bytes: it is larger than " + std::to_string(max_bytes_));
    if (error_ != 0) {
      throw Error(Fault::Unreadable, name,
                  std::string("what is made of it cannot be kept: ") + std::strerror(error_));
    }
  }

 private:
#if LIBAVFORMAT_VERSION_MAJOR >= 61
  using Bytes = const std::uint8_t*;
#else
  using Bytes = std::uint8_t*;
#endif
  static int write(void* self, Bytes bytes, int count) {
    Output& output = *static_cast<Output*>(self);
    if (output.position_ > output.max_bytes_ - count) output.is_full_ = true;
    if (output.is_full_) return AVERROR(EFBIG);
    for (int done = 0; done < count;) {
      const ssize_t put = ::pwrite(output.file_.get(), bytes + done, static_cast<std::size_t>(count - done),
                                   output.position_ + done);
      if (put <= 0) return AVERROR(output.error_ = put == 0 ? EIO : errno);
      done += static_cast<int>(put);
    }
    output.position_ += count;
    return count;
  }
  static std::int64_t seek(void* self, std::int64_t offset, int whence) {
    Output& output = *static_cast<Output*>(self);
    if (whence != SEEK_SET || offset < 0 || offset > output.max_bytes_) return AVERROR(EINVAL);
    return output.position_ = offset;
  }

  const Descriptor& file_;
  std::int64_t max_bytes_;
  IoHandle io_;
  std::int64_t position_ = 0;
  bool is_full_ = false;
  int error_ = 0;
};

/// A muxer whose output is another's.
struct MuxerFree {
  void operator()(AVFormatContext* format) const noexcept { avformat_free_context(format); }
};

/// A stream and its copy.
struct CopiedStream {
  AVStream* from = nullptr;
  AVStream* to = nullptr;
  std::int64_t last_dts = kUnknown;  // of the copy, in its time base
  std::int64_t next_us = kUnknown;   // when the next packet is due

  [[nodiscard]] std::int64_t in_us(std::int64_t time) const {
    return av_rescale_q_rnd(time, from->time_base, kMicrosecond,
                            static_cast<AVRounding>(AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX));
  }
};

class Remuxer {
 public:
  Remuxer(const SendableFile& file, const Descriptor& to, const std::function<bool()>& stop,
          const RemuxLimits& limits)
      : limits_(limits),
        stop_(stop),
        budget_(limits.max_seconds, limits.max_seconds),
        running_(budget_),
        file_(file),
        output_(to, limits.max_bytes) {}

  void run() {
    open();
    if (!knows_times()) find_order();
    begin();
    while (read()) copy();
    output_.check(file_.name());
    if (video_.last_dts == kUnknown) throw Error(Fault::Corrupt, file_.name(), "no picture can be copied");
    require(av_write_trailer(muxer_.get()));
    output_.check(file_.name());
  }

 private:
  void open() {
    DecodeLimits limits;
    limits.max_packet_bytes = limits_.max_packet_bytes;
    input_.emplace(file_.duplicate(), file_.name(), limits, budget_);
    const int sound = browser_sound(input_->format(), input_->stream_index()).index;
    if (sound >= 0) input_->read_also(sound);
    video_ = {&input_->stream(), nullptr, kUnknown, kUnknown};
    sound_ = {sound >= 0 ? input_->format().streams[sound] : nullptr, nullptr, kUnknown, kUnknown};
    const std::int64_t start = input_->format().start_time;
    offset_us_ = start == kUnknown || std::abs(start) > kLatestUs ? 0 : -start;
    packets_ = 0;
  }

  /// Whether the container says when pictures are shown, if they are not shown in the order of decoding.
  [[nodiscard]] bool knows_times() {
    constexpr int kLooked = 32;
    if (video_.from->codecpar->video_delay == 0) return true;
    bool known = true;
    for (int i = 0; i < kLooked && known && read(); ++i) known = !is_picture() || packet_->pts != kUnknown;
    open();
    return known;
  }

  void find_order() {
    PictureOrder order(*video_.from->codecpar);
    while (read()) {
      if (!is_picture()) continue;
      order.add(*packet_);
      decoded_.push_back(packet_->dts);
    }
    shown_at_ = order.shown_at();
    std::int64_t last = kUnknown;  // a packet without a time follows the one before
    for (std::int64_t& dts : decoded_) {
      if (dts == kUnknown) dts = last == kUnknown ? 0 : last + frame_ticks();
      last = dts;
    }
    for (std::size_t i = 0; i < shown_at_.size(); ++i)
      delay_ = std::max(delay_, decoded_[i] - decoded_[shown_at_[i]]);
    open();
  }

  void begin() {
    AVFormatContext* made = nullptr;
    require(avformat_alloc_output_context2(&made, nullptr, "mp4", nullptr));
    muxer_.reset(made);
    muxer_->pb = output_.io();
    muxer_->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_CUSTOM_IO;
    muxer_->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;  // sound that browsers play nonetheless
    add(video_);
    if (video_.to->codecpar->codec_id == AV_CODEC_ID_HEVC)
      video_.to->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');  // the one that Safari takes
    if (sound_.from != nullptr) add(sound_);
    require(avformat_write_header(muxer_.get(), nullptr));
  }

  void add(CopiedStream& track) {
    track.to = av_allocated(avformat_new_stream(muxer_.get(), nullptr));
    require(avcodec_parameters_copy(track.to->codecpar, track.from->codecpar));
    track.to->codecpar->codec_tag = 0;
    track.to->time_base = track.from->time_base;
    track.to->avg_frame_rate = track.from->avg_frame_rate;
    track.to->sample_aspect_ratio = av_guess_sample_aspect_ratio(&input_->format(), track.from, nullptr);
    copy_display_matrix(*track.from, *track.to);
  }

  [[nodiscard]] bool read() {
    if (stop_()) throw Error(Fault::Interrupted, file_.name(), "nobody waits for it any more");
    av_packet_unref(packet_.get());
    if (!input_->read(*packet_)) return false;
    if (++packets_ > limits_.max_packets)
      throw Error(Fault::Limit, file_.name(),
                  "limit of packets: more than " + std::to_string(limits_.max_packets));
    return true;
  }

  [[nodiscard]] bool is_picture() const { return packet_->stream_index == video_.from->index; }

  /// A frame's duration in the time base of the video.
  [[nodiscard]] std::int64_t frame_ticks() const {
    const AVRational rate = video_.from->avg_frame_rate;
    const AVRational frame = rate.num > 0 && rate.den > 0 ? av_inv_q(rate) : AVRational{1, 25};
    return std::max<std::int64_t>(1, av_rescale_q(1, frame, video_.from->time_base));
  }

  void copy() {
    if (packet_->size == 0) return;
    CopiedStream& track = is_picture() ? video_ : sound_;
    if (!shown_at_.empty() && &track == &video_) {
      if (pictures_ >= shown_at_.size()) return;
      packet_->pts = decoded_[shown_at_[pictures_]];
      packet_->dts = decoded_[pictures_] - delay_;
      ++pictures_;
    }
    set_times(track);
    packet_->stream_index = track.to->index;
    packet_->pos = -1;
    const int status = av_write_frame(muxer_.get(), packet_.get());
    output_.check(file_.name());
    if (status < 0 && &track == &video_) require(status);
  }

  /// Times from 0 on, without jumps of the clock, strictly rising in the order of decoding, as an MP4 has
  /// them.
  void set_times(CopiedStream& track) {
    const AVRational base = track.from->time_base;
    if (packet_->dts == kUnknown && packet_->pts != kUnknown && track.from->codecpar->video_delay == 0)
      packet_->dts = packet_->pts;
    const std::int64_t known = packet_->dts != kUnknown ? packet_->dts : packet_->pts;
    const std::int64_t due = track.next_us == kUnknown ? 0 : track.next_us;
    if (known != kUnknown) {
      const std::int64_t at_us = track.in_us(known);
      if (at_us < -kLatestUs || at_us > kLatestUs * 2)
        throw Error(Fault::Corrupt, file_.name(), "it has times that no video has");
      const bool may_jump = (input_->format().iformat->flags & AVFMT_TS_DISCONT) != 0;
      if (may_jump && track.next_us != kUnknown && std::abs(at_us + offset_us_ - due) > kJumpUs)
        offset_us_ = due - at_us;
    }
    const std::int64_t offset = av_rescale_q(offset_us_, kMicrosecond, base);
    for (std::int64_t* const time : {&packet_->dts, &packet_->pts})
      if (*time != kUnknown) *time += offset;
    if (known == kUnknown) packet_->dts = av_rescale_q(due, kMicrosecond, base);
    const std::int64_t duration = track_duration(track);
    track.next_us = track.in_us((packet_->dts != kUnknown ? packet_->dts : packet_->pts) + duration);
    av_packet_rescale_ts(packet_.get(), base, track.to->time_base);
    if (packet_->dts == kUnknown)
      packet_->dts = track.last_dts == kUnknown ? packet_->pts : track.last_dts + 1;
    if (track.last_dts != kUnknown) packet_->dts = std::max(packet_->dts, track.last_dts + 1);
    if (packet_->pts == kUnknown) packet_->pts = packet_->dts;
    packet_->pts = std::max(packet_->pts, packet_->dts);
    track.last_dts = packet_->dts;
  }

  [[nodiscard]] std::int64_t track_duration(const CopiedStream& track) const {
    constexpr std::int64_t kMost = std::int64_t{1} << 40;
    if (packet_->duration > 0 && packet_->duration < kMost) return packet_->duration;
    return &track == &video_ ? frame_ticks() : 0;
  }

  void require(int status) const {
    output_.check(file_.name());
    if (status < 0)
      throw Error(Fault::Corrupt, file_.name(), "it cannot be copied into an MP4: " + av_words(status));
  }

  const RemuxLimits& limits_;
  const std::function<bool()>& stop_;
  TimeBudget budget_;
  const TimeBudget::Running running_;
  const SendableFile& file_;
  Output output_;
  PacketHandle packet_{av_allocated(av_packet_alloc())};
  std::optional<MediaInput> input_;
  std::unique_ptr<AVFormatContext, MuxerFree> muxer_;
  CopiedStream video_, sound_;
  std::int64_t offset_us_ = 0;  // added to the times of the file
  std::int64_t packets_ = 0;
  // Where the container has the times of decoding alone, those of all pictures, and what is made of them.
  std::vector<std::int64_t> decoded_;
  std::vector<std::size_t> shown_at_;
  std::int64_t delay_ = 0;
  std::size_t pictures_ = 0;
};

}  // namespace

void remux_to_mp4(const SendableFile& file, const Descriptor& to, const std::function<bool()>& stop,
                  const RemuxLimits& limits) {
  AvLog unprinted;
  const AvLog::Listening listening(unprinted);
  Remuxer(file, to, stop, limits).run();
}

}  // namespace tvr
