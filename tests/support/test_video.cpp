#include "tests/support/test_video.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "extract/media/av_handle.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/samplefmt.h>
}

namespace tvr::testing {
namespace {

constexpr int kDarkest = 20;
constexpr int kStep = 4;
constexpr int kLevels = 50;
constexpr int kSampleRate = 48000;

struct OutputFree {
  void operator()(AVFormatContext* format) const {
    if (format->pb != nullptr) avio_closep(&format->pb);
    avformat_free_context(format);
  }
};
using OutputHandle = std::unique_ptr<AVFormatContext, OutputFree>;

void check(int status, const char* what) {
  if (status < 0) throw std::runtime_error(std::string(what) + ": " + av_words(status));
}

void set_rotation(AVStream& stream, int degrees) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  AVPacketSideData* const data =
      av_packet_side_data_new(&stream.codecpar->coded_side_data, &stream.codecpar->nb_coded_side_data,
                              AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t), 0);
  auto* const matrix = reinterpret_cast<std::int32_t*>(data->data);
#else
  auto* const matrix = reinterpret_cast<std::int32_t*>(
      av_stream_new_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t)));
#endif
  av_display_rotation_set(matrix, degrees);
}

class Writer {
 public:
  Writer(const std::filesystem::path& path, const TestVideo& video) : video_(video) {
    AVFormatContext* format = nullptr;
    check(avformat_alloc_output_context2(&format, nullptr, nullptr, path.c_str()), "no such container");
    format_.reset(format);
    if (!video.still_codec.empty())
      still_ = track(video.still_codec, video.still_codec == "mjpeg" ? "yuvj420p" : "yuv420p");
    film_ = track(video.codec, video.pixel_format);
    if (video.rotation_degrees != 0) set_rotation(*film_.stream, video.rotation_degrees);
    if (!video.sound_codec.empty()) sound_ = sound_track(video.sound_codec);
    check(avio_open(&format_->pb, path.c_str(), AVIO_FLAG_WRITE), "the file");
    AVDictionary* options = nullptr;
    check(av_dict_parse_string(&options, video.muxer_options.c_str(), "=", ":", 0), "options");
    const int status = avformat_write_header(format_.get(), &options);
    av_dict_free(&options);
    check(status, "the header");
  }

  void write() {
    if (still_.stream != nullptr) {
      send(still_, picture(still_, 0).get());
      send(still_, nullptr);
    }
    for (std::size_t i = 0; i < video_.pts_ms.size(); ++i) {
      send(film_, picture(film_, i).get());
      write_sound_until(video_.pts_ms[i]);
    }
    send(film_, nullptr);
    if (sound_.stream != nullptr) send(sound_, nullptr);
    check(av_write_trailer(format_.get()), "the trailer");
  }

 private:
  struct Track {
    CodecHandle codec;
    AVStream* stream = nullptr;
  };

  Track track(const std::string& codec, const std::string& pixel_format) {
    const AVCodec* const encoder = avcodec_find_encoder_by_name(codec.c_str());
    if (encoder == nullptr) throw std::runtime_error("no encoder " + codec);
    Track made{CodecHandle(avcodec_alloc_context3(encoder)), nullptr};
    AVCodecContext& context = *made.codec;
    context.width = video_.width;
    context.height = video_.height;
    context.pix_fmt = av_get_pix_fmt(pixel_format.c_str());
    context.sample_aspect_ratio = {video_.pixel_width, video_.pixel_height};
    context.time_base = times_of(codec);
    context.framerate = {25, 1};
    context.gop_size = video_.key_frame_every;
    context.max_b_frames = video_.b_frames;
    context.flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    context.global_quality = FF_QP2LAMBDA * 2;
    if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0) context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    check(avcodec_open2(&context, encoder, nullptr), "the encoder");
    made.stream = avformat_new_stream(format_.get(), nullptr);
    made.stream->time_base = context.time_base;
    made.stream->sample_aspect_ratio = context.sample_aspect_ratio;
    check(avcodec_parameters_from_context(made.stream->codecpar, &context), "parameters");
    return made;
  }

  Track sound_track(const std::string& codec) {
    const AVCodec* const encoder = avcodec_find_encoder_by_name(codec.c_str());
    if (encoder == nullptr) throw std::runtime_error("no encoder " + codec);
    Track made{CodecHandle(avcodec_alloc_context3(encoder)), nullptr};
    AVCodecContext& context = *made.codec;
    context.sample_rate = kSampleRate;
    context.sample_fmt = encoder->sample_fmts[0];
    context.ch_layout = AV_CHANNEL_LAYOUT_MONO;
    context.time_base = {1, kSampleRate};
    context.bit_rate = 64000;
    if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0) context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    check(avcodec_open2(&context, encoder, nullptr), "the sound's encoder");
    made.stream = avformat_new_stream(format_.get(), nullptr);
    made.stream->time_base = context.time_base;
    check(avcodec_parameters_from_context(made.stream->codecpar, &context), "parameters");
    return made;
  }

  void write_sound_until(std::int64_t ms) {
    while (sound_.stream != nullptr && samples_ * 1000 < ms * kSampleRate) {
      const AVCodecContext& codec = *sound_.codec;
      FrameHandle frame{av_frame_alloc()};
      frame->format = codec.sample_fmt;
      frame->ch_layout = codec.ch_layout;
      frame->sample_rate = kSampleRate;
      frame->nb_samples = codec.frame_size > 0 ? codec.frame_size : 1024;
      frame->pts = samples_;
      check(av_frame_get_buffer(frame.get(), 0), "samples");
      check(av_samples_set_silence(frame->data, 0, frame->nb_samples, 1, codec.sample_fmt), "silence");
      send(sound_, frame.get());
      samples_ += frame->nb_samples;
    }
  }

  /// MPEG-2 knows a few frame rates only.
  static AVRational times_of(const std::string& codec) {
    return codec == "mpeg2video" ? AVRational{1, 25} : AVRational{1, 1000};
  }

  FrameHandle picture(const Track& track, std::size_t index) const {
    const AVCodecContext* const codec = track.codec.get();
    FrameHandle frame{av_frame_alloc()};
    frame->format = codec->pix_fmt;
    frame->width = video_.width;
    frame->height = video_.height;
    frame->pts = av_rescale_q(video_.pts_ms[index], {1, 1000}, codec->time_base);
    frame->quality = codec->global_quality;
    check(av_frame_get_buffer(frame.get(), 0), "a picture");
    const int level = kDarkest + kStep * static_cast<int>(index % kLevels);
    for (int y = 0; y < video_.height; ++y) {
      std::uint8_t* const row = frame->data[0] + y * frame->linesize[0];
      std::memset(row, level, static_cast<std::size_t>(video_.width));
      if (video_.left_half_black) std::memset(row, 16, static_cast<std::size_t>(video_.width / 2));
    }
    for (int plane = 1; plane < 3; ++plane) {
      const int rows = codec->pix_fmt == AV_PIX_FMT_YUV444P ? video_.height : (video_.height + 1) / 2;
      std::memset(frame->data[plane], 128,
                  static_cast<std::size_t>(frame->linesize[plane]) * static_cast<std::size_t>(rows));
    }
    return frame;
  }

  void send(const Track& track, const AVFrame* frame) {
    check(avcodec_send_frame(track.codec.get(), frame), "encoding");
    const PacketHandle packet{av_packet_alloc()};
    while (avcodec_receive_packet(track.codec.get(), packet.get()) >= 0) {
      if (track.stream == film_.stream && left_out_ < video_.packets_left_out) {
        ++left_out_;
        continue;
      }
      av_packet_rescale_ts(packet.get(), track.codec->time_base, track.stream->time_base);
      packet->stream_index = track.stream->index;
      check(av_write_frame(format_.get(), packet.get()), "writing");
    }
  }

  TestVideo video_;
  OutputHandle format_;
  Track still_, film_, sound_;
  std::int64_t samples_ = 0;
  int left_out_ = 0;
};

}  // namespace

std::vector<std::int64_t> at_rate(double fps, int frames, std::int64_t start_ms) {
  std::vector<std::int64_t> times;
  for (int i = 0; i < frames; ++i) times.push_back(start_ms + std::llround(i * 1000.0 / fps));
  return times;
}

void write_video(const std::filesystem::path& path, const TestVideo& video) { Writer(path, video).write(); }

int frame_index_of_level(int level) {
  const double luma = 16 + level * 219.0 / 255.0;
  return static_cast<int>(std::lround((luma - kDarkest) / kStep));
}

}  // namespace tvr::testing
