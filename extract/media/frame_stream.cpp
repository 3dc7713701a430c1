#include "extract/media/frame_stream.h"

#include <algorithm>
#include <utility>

#include "data/error.h"
#include "extract/cuda/cuda_decoder.h"
#include "extract/media/picture_converter.h"

namespace tvr {
namespace {

constexpr int kMaxRefusedDrains = 1000;  // bounds the drain loop of a decoder that never returns EOF

/// Small frames are decoded on the CPU anyway: NVDEC's start-up time exceeds their whole decoding time.
constexpr std::int64_t kFewestPixels = 1280 * 720;

/// libav then tries NVDEC, and falls back to its own decoder if NVDEC declines the codec or size.
void use_gpu(AVCodecContext& codec, const AVStream& stream, int gpu) {
  constexpr int kPicturesHeld = 8;  // by samplers, four per lane: surfaces that NVDEC cannot reuse meanwhile
  use_device(gpu, "decoding on GPU " + std::to_string(gpu));
  const AVCodecParameters& parameters = *stream.codecpar;
  const auto format = static_cast<AVPixelFormat>(parameters.format);
  const bool is_420 = format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P ||
                      format == AV_PIX_FMT_YUV420P10LE || format == AV_PIX_FMT_YUV420P12LE;
  if (!is_420 || is_turned(stream) || std::int64_t{parameters.width} * parameters.height < kFewestPixels)
    return;
  codec.hw_device_ctx = cuda_decoder(gpu).release();
  codec.extra_hw_frames = kPicturesHeld;
}

bool is_interlaced(const AVFrame& picture) {
#ifdef AV_FRAME_FLAG_INTERLACED
  return (picture.flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
  return picture.interlaced_frame != 0;
#endif
}

}  // namespace

FrameStream::FrameStream(MediaInput& input, const DecodeLimits& limits, std::optional<int> gpu)
    : input_(input),
      joined_((input.format().iformat->flags & AVFMT_TS_DISCONT) != 0),
      packet_(av_allocated(av_packet_alloc())) {
  open_decoder(limits, gpu);
  clock_.emplace(input_.format(), input_.stream(), *codec_);
}

void FrameStream::open_decoder(const DecodeLimits& limits, std::optional<int> gpu) {
  const AVCodecParameters& parameters = *input_.stream().codecpar;
  const AVCodec* const decoder = avcodec_find_decoder(parameters.codec_id);
  if (decoder == nullptr) {
    throw Error(
        Fault::Unsupported, input_.name(),
        std::string("no decoder for its video codec '") + avcodec_get_name(parameters.codec_id) + "'");
  }
  codec_.reset(av_allocated(avcodec_alloc_context3(decoder)));
  int status = avcodec_parameters_to_context(codec_.get(), &parameters);
  codec_->pkt_timebase = input_.stream().time_base;
  codec_->framerate = input_.stream().avg_frame_rate;
  codec_->thread_count = 1;
  codec_->max_pixels = limits.max_pixels;
  codec_->opaque = this;
  codec_->get_buffer2 = give_picture_memory;
  if (gpu) use_gpu(*codec_, input_.stream(), *gpu);
  if (status >= 0) status = avcodec_open2(codec_.get(), decoder, nullptr);
  check_memory(status);
  if (status < 0) {
    throw Error(
        Fault::Corrupt, input_.name(),
        std::string("no frames: the decoder '") + decoder->name + "' cannot start: " + av_words(status));
  }
}

/// Some decoders do not report that allocating a frame failed.
int FrameStream::give_picture_memory(AVCodecContext* codec, AVFrame* picture, int flags) {
  const int status = avcodec_default_get_buffer2(codec, picture, flags);
  if (status == AVERROR(ENOMEM)) static_cast<FrameStream*>(codec->opaque)->memory_refused_ = true;
  return status;
}

void FrameStream::check_memory(int status) const {
  if (!memory_refused_ && status != AVERROR(ENOMEM)) return;
  throw Error(Fault::Limit, input_.name(),
              "limit of memory: no memory for a frame after " + std::to_string(damage_.pictures) + " frames",
              "Pass a larger --max-memory, or scale the video down");
}

std::optional<Frame> FrameStream::next() {
  while (state_ != State::Over) {
    if (state_ == State::NeedsPacket) read_packet();
    std::optional<Frame> frame = state_ == State::Draining ? drain() : decode();
    if (frame) return frame;
  }
  return std::nullopt;
}

void FrameStream::read_packet() {
  av_packet_unref(packet_.get());
  if (!input_.read(*packet_)) {
    state_ = State::Draining;
    return;
  }
  ++damage_.packets_read;
  if ((packet_->flags & AV_PKT_FLAG_CORRUPT) != 0) ++damage_.flawed;
  if (packet_->size == 0 || (packet_->flags & AV_PKT_FLAG_DISCARD) != 0) ++damage_.unshown;
  clock_->packet_read(*packet_);
  packet_duration_ = packet_->duration;
  packet_sent_ = false;
  state_ = State::InPacket;
}

std::optional<Frame> FrameStream::decode() {
  const bool repeated = packet_sent_;
  packet_sent_ = true;
  clock_->before_decode(repeated ? nullptr : packet_.get());
  FrameHandle picture{av_allocated(av_frame_alloc())};
  int status = AVERROR(EAGAIN);  // an empty packet yields no frame
  if (packet_->size > 0) {
    status = repeated ? 0 : avcodec_send_packet(codec_.get(), packet_.get());
    if (status >= 0) status = avcodec_receive_frame(codec_.get(), picture.get());
  }
  check_memory(status);
  tell_delay();
  std::optional<Frame> frame;
  if (status >= 0) frame = finish(std::move(picture), false);
  clock_->after_decode(packet_duration_, frame ? frame->picture.get() : nullptr, repeated, false);
  if (!frame) {
    const bool refused = status != AVERROR(EAGAIN);
    if (refused && (damage_.pictures > 0 || !joined_)) ++damage_.rejected;
    state_ = State::NeedsPacket;
  }
  return frame;
}

/// The h264 decoder learns its delay while decoding; the demuxer's guesses of missing times depend on it.
void FrameStream::tell_delay() {
  AVCodecParameters& parameters = *input_.stream().codecpar;
  if (codec_->codec_id != AV_CODEC_ID_H264) return;
  parameters.video_delay = std::max(parameters.video_delay, codec_->has_b_frames);
}

std::optional<Frame> FrameStream::drain() {
  clock_->before_drain();
  FrameHandle picture{av_allocated(av_frame_alloc())};
  static_cast<void>(avcodec_send_packet(codec_.get(), nullptr));  // fails if already draining
  const int status = avcodec_receive_frame(codec_.get(), picture.get());
  check_memory(status);
  if (status == AVERROR_EOF) {
    state_ = State::Over;
    return std::nullopt;
  }
  std::optional<Frame> frame;
  if (status >= 0) frame = finish(std::move(picture), true);
  clock_->after_decode(0, frame ? frame->picture.get() : nullptr, false, true);
  if (!frame) {
    ++damage_.rejected;
    if (++refused_drains_ == kMaxRefusedDrains) state_ = State::Over;
  }
  return frame;
}

Frame FrameStream::finish(FrameHandle picture, bool draining) {
  ++damage_.pictures;
  if (picture->decode_error_flags != 0 || (picture->flags & AV_FRAME_FLAG_CORRUPT) != 0) ++damage_.flawed;
  damage_.in_fields |= is_interlaced(*picture);
  const std::int64_t pts = clock_->picture_time(*picture, draining);
  return {std::move(picture), pts};
}

}  // namespace tvr
