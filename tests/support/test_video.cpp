#include "tests/support/test_video.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "extract/media/av_handle.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

namespace tvr::testing {
namespace {

constexpr int kDarkest = 20;
constexpr int kStep = 4;
constexpr int kLevels = 50;

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
    const AVCodec* const encoder = avcodec_find_encoder_by_name(video.codec.c_str());
    if (encoder == nullptr) throw std::runtime_error("no encoder " + video.codec);
    codec_.reset(avcodec_alloc_context3(encoder));
    codec_->width = video.width;
    codec_->height = video.height;
    codec_->pix_fmt = av_get_pix_fmt(video.pixel_format.c_str());
    codec_->time_base = {1, 1000};
    codec_->gop_size = 10;
    codec_->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    codec_->global_quality = FF_QP2LAMBDA * 2;
    if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    check(avcodec_open2(codec_.get(), encoder, nullptr), "the encoder");
    stream_ = avformat_new_stream(format_.get(), nullptr);
    stream_->time_base = codec_->time_base;
    check(avcodec_parameters_from_context(stream_->codecpar, codec_.get()), "parameters");
    if (video.rotation_degrees != 0) set_rotation(*stream_, video.rotation_degrees);
    check(avio_open(&format_->pb, path.c_str(), AVIO_FLAG_WRITE), "the file");
    check(avformat_write_header(format_.get(), nullptr), "the header");
  }

  void write() {
    for (std::size_t i = 0; i < video_.pts_ms.size(); ++i) send(picture(i).get());
    send(nullptr);
    check(av_write_trailer(format_.get()), "the trailer");
  }

 private:
  FrameHandle picture(std::size_t index) const {
    FrameHandle frame{av_frame_alloc()};
    frame->format = codec_->pix_fmt;
    frame->width = video_.width;
    frame->height = video_.height;
    frame->pts = video_.pts_ms[index];
    frame->quality = codec_->global_quality;
    check(av_frame_get_buffer(frame.get(), 0), "a picture");
    const int level = kDarkest + kStep * static_cast<int>(index % kLevels);
    for (int y = 0; y < video_.height; ++y) {
      std::uint8_t* const row = frame->data[0] + y * frame->linesize[0];
      std::memset(row, level, static_cast<std::size_t>(video_.width));
      if (video_.left_half_black) std::memset(row, 16, static_cast<std::size_t>(video_.width / 2));
    }
    for (int plane = 1; plane < 3; ++plane) {
      const int rows = codec_->pix_fmt == AV_PIX_FMT_YUV444P ? video_.height : (video_.height + 1) / 2;
      std::memset(frame->data[plane], 128,
                  static_cast<std::size_t>(frame->linesize[plane]) * static_cast<std::size_t>(rows));
    }
    return frame;
  }

  void send(const AVFrame* frame) {
    check(avcodec_send_frame(codec_.get(), frame), "encoding");
    const PacketHandle packet{av_packet_alloc()};
    while (avcodec_receive_packet(codec_.get(), packet.get()) >= 0) {
      av_packet_rescale_ts(packet.get(), codec_->time_base, stream_->time_base);
      packet->stream_index = 0;
      check(av_write_frame(format_.get(), packet.get()), "writing");
    }
  }

  TestVideo video_;
  OutputHandle format_;
  CodecHandle codec_;
  AVStream* stream_ = nullptr;
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
