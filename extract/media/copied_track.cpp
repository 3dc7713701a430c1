#include "extract/media/copied_track.h"

#include <algorithm>
#include <utility>

#include "data/error.h"

namespace tvr {
namespace {

constexpr std::int64_t kMostTicks = 400LL * 86400 * kTrackTime.den;  // beyond that the file is wrong
constexpr std::size_t kMostUndated = 32;  // H.264 and HEVC reorder at most 16 pictures
constexpr Micros kMostLead = std::chrono::seconds(10);

std::int64_t in_ticks(Micros time) { return av_rescale_q(time.count(), AV_TIME_BASE_Q, kTrackTime); }

Error not_copied(const MediaInput& input, const std::string& why) {
  return {Fault::Unsupported, input.name(), "cannot be cut without encoding it again: " + why};
}

}  // namespace

std::int64_t origin_us(MediaInput& input) {
  const AVFormatContext& format = input.format();
  const std::int64_t start = format.start_time == AV_NOPTS_VALUE ? 0 : format.start_time;
  const AVStream& stream = input.stream();
  if ((format.iformat->flags & AVFMT_TS_DISCONT) == 0 || stream.start_time == AV_NOPTS_VALUE) return start;
  return std::max(start, av_rescale_q(stream.start_time, stream.time_base, AV_TIME_BASE_Q));
}

CopiedTrack::CopiedTrack(std::unique_ptr<MediaInput> input, std::int64_t origin_us, TimeSpan span)
    : input_(std::move(input)),
      origin_us_(origin_us),
      span_(span),
      begin_(in_ticks(span.start)),
      end_(in_ticks(span.end)) {
  require_codec();
}

std::unique_ptr<CopiedTrack> CopiedTrack::pictures(std::unique_ptr<MediaInput> input, TimeSpan span) {
  const std::int64_t origin = origin_us(*input);
  std::unique_ptr<CopiedTrack> track(new CopiedTrack(std::move(input), origin, span));
  track->begin_ = track->key_frame_before(span.start);
  track->span_.start = Micros(av_rescale_q(track->begin_, kTrackTime, AV_TIME_BASE_Q));
  track->of_pictures_ = track->waits_for_key_ = true;
  return track;
}

std::unique_ptr<CopiedTrack> CopiedTrack::sound(std::unique_ptr<MediaInput> input, TimeSpan span) {
  const std::int64_t origin = origin_us(*input);
  if (!input->select_sound()) return nullptr;
  std::unique_ptr<CopiedTrack> track(new CopiedTrack(std::move(input), origin, span));
  (void)track->seek(span.start);  // where that fails, it is read from the beginning
  return track;
}

void CopiedTrack::require_codec() const {
  const AVCodecID codec = input_->stream().codecpar->codec_id;
  const AVOutputFormat* const mp4 = av_guess_format("mp4", nullptr, nullptr);
  if (mp4 != nullptr && avformat_query_codec(mp4, codec, FF_COMPLIANCE_NORMAL) == 1) return;
  throw not_copied(*input_, std::string("MP4 does not hold '") + avcodec_get_name(codec) + "'");
}

bool CopiedTrack::seek(Micros to) {
  const std::int64_t target =
      av_rescale_q(to.count() + origin_us_, AV_TIME_BASE_Q, input_->stream().time_base);
  return av_seek_frame(&input_->format(), input_->stream_index(), target, AVSEEK_FLAG_BACKWARD) >= 0;
}

/// From the video's beginning, in kTrackTime; AV_NOPTS_VALUE where there is no time.
std::int64_t CopiedTrack::ticks(std::int64_t time) const {
  if (time == AV_NOPTS_VALUE) return time;
  const std::int64_t ticks = av_rescale_q(time, input_->stream().time_base, kTrackTime);
  if (ticks <= -kMostTicks || ticks >= kMostTicks) return AV_NOPTS_VALUE;
  return ticks - in_ticks(Micros(origin_us_));
}

/// The time of the last key frame until `time`, with the file placed before it. A seek may arrive within a
/// group of pictures, or at a key frame that is decoded before `time` and shown after it: then further back.
std::int64_t CopiedTrack::key_frame_before(Micros time) {
  const PacketHandle packet(av_allocated(av_packet_alloc()));
  for (const int back_s : {0, 2, 10}) {
    const Micros target = time - std::chrono::seconds(back_s);
    if (!seek(target)) continue;
    std::int64_t found = AV_NOPTS_VALUE, shown_until = AV_NOPTS_VALUE;
    bool goes_on = false;
    while (!goes_on && input_->read(*packet)) {
      const std::int64_t shown = ticks(packet->pts), decoded = ticks(packet->dts);
      const bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
      const std::int64_t duration = av_rescale_q(packet->duration, input_->stream().time_base, kTrackTime);
      av_packet_unref(packet.get());
      if (is_key && shown != AV_NOPTS_VALUE && shown <= begin_) found = shown;
      if (shown != AV_NOPTS_VALUE)
        shown_until = std::max(shown_until, shown + std::clamp<std::int64_t>(duration, 1, kMostTicks));
      goes_on = decoded != AV_NOPTS_VALUE ? decoded > begin_ : is_key && shown > begin_;
    }
    if (!goes_on && shown_until != AV_NOPTS_VALUE && shown_until <= begin_)
      throw nothing_shown(input_->name());
    if (found == AV_NOPTS_VALUE) continue;
    if (begin_ - found > in_ticks(kMostLead) || !seek(target)) break;
    return found;
  }
  throw not_copied(*input_, "no key frame is near");
}

bool CopiedTrack::next(AVPacket& packet) {
  while (ready_ == 0 && !over_) {
    if (read()) continue;
    over_ = true;
    if (undated_ > 0) throw not_copied(*input_, "its packets have no times");
  }
  if (ready_ == 0) return false;
  --ready_;
  av_packet_unref(&packet);
  av_packet_move_ref(&packet, packets_.front().get());
  packets_.pop_front();
  return true;
}

/// Reads a packet and takes it if it is wanted; false at the end.
bool CopiedTrack::read() {
  PacketHandle packet(av_allocated(av_packet_alloc()));
  if (!input_->read(*packet)) return false;
  const std::int64_t shown = ticks(packet->pts), decoded = ticks(packet->dts);
  if (shown == AV_NOPTS_VALUE && of_pictures_) throw not_copied(*input_, "its packets have no times");
  if (shown == AV_NOPTS_VALUE) return true;
  if (decoded != AV_NOPTS_VALUE && decoded >= end_) return false;
  const bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
  waits_for_key_ = waits_for_key_ && !(is_key && shown == begin_);
  // What is shown before the key frame refers to pictures before it.
  if (waits_for_key_ || shown < begin_) return true;
  packet->pts = shown - begin_;
  packet->dts = decoded == AV_NOPTS_VALUE ? decoded : decoded - begin_;
  packet->duration = av_rescale_q(packet->duration, input_->stream().time_base, kTrackTime);
  take(std::move(packet));
  return true;
}

/// What is shown after the end is given only if something follows that is shown before it, and may refer to
/// it.
void CopiedTrack::take(PacketHandle packet) {
  const std::int64_t dts = packet->dts;
  if (dts == AV_NOPTS_VALUE) {  // as after a seek in Matroska, until the order of decoding is known
    if (++undated_ > kMostUndated) throw not_copied(*input_, "its packets have no times");
    packets_.push_back(std::move(packet));
    return;
  }
  date(dts);
  if (last_dts_ != AV_NOPTS_VALUE && dts <= last_dts_) {
    if (!of_pictures_) return;  // a few samples less
    throw not_copied(*input_, "the times of its packets do not rise");
  }
  last_dts_ = dts;
  packets_.push_back(std::move(packet));
  for (std::size_t i = ready_; i < packets_.size(); ++i) {
    if (packets_[i]->pts < end_ - begin_) ready_ = i + 1;
  }
}

/// Gives packets without a time of decoding the times before the first that is known, a picture apart.
void CopiedTrack::date(std::int64_t known) {
  for (; undated_ > 0; --undated_) {
    AVPacket& packet = *packets_[packets_.size() - undated_];
    const std::int64_t step = std::max<std::int64_t>(1, packet.duration);
    packet.dts = known - static_cast<std::int64_t>(undated_) * step;
    if (last_dts_ != AV_NOPTS_VALUE && packet.dts <= last_dts_)
      throw not_copied(*input_, "the times of its packets do not rise");
    last_dts_ = packet.dts;
  }
}

void CopiedTrack::describe(AVStream& stream) const {
  const AVStream& from = input_->stream();
  if (avcodec_parameters_copy(stream.codecpar, from.codecpar) < 0) throw std::bad_alloc();
  copy_display_matrix(from, stream);
  stream.codecpar->codec_tag = 0;  // the source's container's
  stream.sample_aspect_ratio = from.sample_aspect_ratio;
  stream.avg_frame_rate = from.avg_frame_rate;
}

}  // namespace tvr
