#include "extract/media/encoded_track.h"

#include <algorithm>
#include <utility>

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

#include "data/error.h"

namespace tvr {
namespace {

constexpr Micros kWorthSeeking = std::chrono::seconds(10);

bool is_rgb(const AVFrame& picture) {
  const AVPixFmtDescriptor* const of = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(picture.format));
  return of == nullptr || (of->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
}

}  // namespace

EncodedTrack::EncodedTrack(const OpenMedia& open, TimeSpan span, const DecodeLimits& limits)
    : span_(span), limits_(limits) {
  find_first(open);
  open_encoder();
}

/// By seeking where the span is deep in the video: from the key frame before it, or from further back where a
/// seek arrives after it; else from the beginning.
void EncodedTrack::find_first(const OpenMedia& open) {
  if (span_.start >= kWorthSeeking) {
    for (const int back_s : {0, 2, 10, 60}) {
      input_ = open();
      const AVFormatContext& format = input_->format();
      const std::int64_t origin = format.start_time == AV_NOPTS_VALUE ? 0 : format.start_time;
      const std::int64_t target =
          av_rescale_q(std::max(Micros(0), span_.start - std::chrono::seconds(back_s)).count() + origin,
                       AV_TIME_BASE_Q, input_->stream().time_base);
      if (av_seek_frame(&input_->format(), input_->stream_index(), target, AVSEEK_FLAG_BACKWARD) < 0) break;
      if (begins_in_time(true)) return;
    }
  }
  frames_.reset();
  input_ = open();
  if (begins_in_time(false)) return;
  throw nothing_shown(input_->name());
}

/// Leaves the picture that is shown at the beginning in held_; the first one of the video where none is yet.
bool EncodedTrack::begins_in_time(bool sought) {
  frames_.emplace(*input_, limits_);
  held_ = frames_->next();
  const bool by_itself = (input_->format().iformat->flags & AVFMT_TS_DISCONT) != 0;
  const auto is_timed = [&](const Frame& frame) {
    return frame.pts != AV_NOPTS_VALUE && (!by_itself || frame.picture->pts != AV_NOPTS_VALUE);
  };
  const std::int64_t end = av_rescale_q(span_.end.count(), AV_TIME_BASE_Q, input_->stream().time_base);
  if (!held_) return false;
  if (!sought) return held_->pts != AV_NOPTS_VALUE && held_->pts < end;
  return is_timed(*held_) &&
         held_->pts <= av_rescale_q(span_.start.count(), AV_TIME_BASE_Q, input_->stream().time_base);
}

void EncodedTrack::open_encoder() {
  const AVCodec* const encoder = avcodec_find_encoder_by_name("libx264");
  if (encoder == nullptr) {
    throw Error(Fault::Unsupported, input_->name(), "this libavcodec has no libx264 encoder",
                "Install a libavcodec built with libx264 (Debian's is)");
  }
  const AVFrame& first = *held_->picture;
  codec_.reset(av_allocated(avcodec_alloc_context3(encoder)));
  codec_->width = std::max(2, first.width / 2 * 2);
  codec_->height = std::max(2, first.height / 2 * 2);
  codec_->pix_fmt = AV_PIX_FMT_YUV420P;
  codec_->time_base = kTrackTime;
  codec_->framerate = input_->stream().avg_frame_rate;
  codec_->sample_aspect_ratio = first.sample_aspect_ratio;
  codec_->thread_count = 1;
  codec_->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
  if (!is_rgb(first)) {
    codec_->color_primaries = first.color_primaries;
    codec_->color_trc = first.color_trc;
    codec_->colorspace = first.colorspace;
  }
  av_opt_set(codec_->priv_data, "preset", "veryfast", 0);
  av_opt_set(codec_->priv_data, "crf", "18", 0);  // looks like the source
  check(avcodec_open2(codec_.get(), encoder, nullptr), "libx264 cannot be opened");
}

bool EncodedTrack::next(AVPacket& packet) {
  for (;;) {
    const int status = avcodec_receive_packet(codec_.get(), &packet);
    if (status == AVERROR_EOF) return false;
    if (status != AVERROR(EAGAIN)) {
      check(status, "libx264 failed");
      const AVRational rate = codec_->framerate;
      if (packet.duration == 0 && rate.num > 0 && rate.den > 0)
        packet.duration = av_rescale_q(1, av_inv_q(rate), kTrackTime);
      return true;
    }
    const FrameHandle picture = next_picture();  // nullptr: no more, flush the encoder
    check(avcodec_send_frame(codec_.get(), picture.get()), "libx264 rejected a frame");
  }
}

/// In the encoder's format and time; nullptr at the end of the span.
FrameHandle EncodedTrack::next_picture() {
  const AVRational time_base = input_->stream().time_base;
  const std::int64_t begin = av_rescale_q(span_.start.count(), AV_TIME_BASE_Q, time_base);
  const std::int64_t end = av_rescale_q(span_.end.count(), AV_TIME_BASE_Q, time_base);
  while (held_) {
    std::optional<Frame> after = frames_->next();
    Frame now = std::move(*held_);
    held_ = std::move(after);
    if (now.pts == AV_NOPTS_VALUE) continue;
    if (now.pts >= end) {
      held_.reset();
      break;
    }
    if (held_ ? held_->pts != AV_NOPTS_VALUE && held_->pts <= begin : frames_->end() <= begin) continue;
    const std::int64_t pts = av_rescale_q(std::max(now.pts, begin) - begin, time_base, kTrackTime);
    if (pts <= last_pts_) continue;
    FrameHandle picture = converted(*now.picture);
    picture->pts = last_pts_ = pts;
    return picture;
  }
  return nullptr;
}

FrameHandle EncodedTrack::converted(const AVFrame& from) {
  scaler_.reset(sws_getCachedContext(scaler_.release(), from.width, from.height,
                                     static_cast<AVPixelFormat>(from.format), codec_->width, codec_->height,
                                     codec_->pix_fmt, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr,
                                     nullptr, nullptr));
  if (scaler_ == nullptr) {
    throw Error(Fault::Unsupported, input_->name(),
                "a picture of " + std::to_string(from.width) + "x" + std::to_string(from.height) +
                    " cannot be converted for libx264");
  }
  FrameHandle picture(av_allocated(av_frame_alloc()));
  picture->format = codec_->pix_fmt;
  picture->width = codec_->width;
  picture->height = codec_->height;
  check(av_frame_get_buffer(picture.get(), 0), "no memory for a frame");
  sws_scale(scaler_.get(), from.data, from.linesize, 0, from.height, picture->data, picture->linesize);
  return picture;
}

void EncodedTrack::describe(AVStream& stream) const {
  if (avcodec_parameters_from_context(stream.codecpar, codec_.get()) < 0) throw std::bad_alloc();
  stream.sample_aspect_ratio = codec_->sample_aspect_ratio;
  stream.avg_frame_rate = codec_->framerate;
  copy_display_matrix(input_->stream(), stream);
}

void EncodedTrack::check(int status, const char* what) const {
  if (status < 0)
    throw Error(Fault::Unsupported, input_->name(), std::string(what) + ": " + av_words(status));
}

}  // namespace tvr
