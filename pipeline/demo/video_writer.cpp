#include "pipeline/demo/video_writer.h"

#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}

#include "data/atomic_file.h"
#include "data/write_error.h"
#include "extract/media/av_handle.h"

namespace tvr {

class VideoWriter::Impl {
 public:
  Impl(const std::filesystem::path& path, int width, int height, int fps)
      : path_(path.string()), file_(path) {
    open_encoder(width, height, fps);
    open_muxer();
    scaler_.reset(av_allocated(
        sws_getContext(width, height, AV_PIX_FMT_BGR24, width, height, AV_PIX_FMT_YUV420P,
                       SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr, nullptr, nullptr)));
    frame_->format = AV_PIX_FMT_YUV420P;
    frame_->width = width;
    frame_->height = height;
    check(av_frame_get_buffer(frame_.get(), 0), "no memory for a frame");
  }

  void write(const std::uint8_t* bgr) {
    check(av_frame_make_writable(frame_.get()), "no memory for a frame");
    const int stride_bytes = 3 * frame_->width;
    sws_scale(scaler_.get(), &bgr, &stride_bytes, 0, frame_->height, frame_->data, frame_->linesize);
    frame_->pts = next_pts_++;
    encode(frame_.get());
  }

  void finish() {
    encode(nullptr);
    check(av_write_trailer(muxer_.get()), "cannot be completed");
    check(avio_closep(&muxer_->pb), "cannot be closed");
    file_.commit();
  }

 private:
  void open_encoder(int width, int height, int fps) {
    const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
    if (codec == nullptr) {
      throw Error(Fault::Unsupported, path_, "this libavcodec has no libx264 encoder",
                  "Install a libavcodec built with libx264 (Debian's is)");
    }
    codec_.reset(av_allocated(avcodec_alloc_context3(codec)));
    codec_->width = width;
    codec_->height = height;
    codec_->pix_fmt = AV_PIX_FMT_YUV420P;
    codec_->time_base = {1, fps};
    codec_->framerate = {fps, 1};
    codec_->thread_count = 1;
    codec_->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(codec_->priv_data, "preset", "ultrafast", 0);
    av_opt_set(codec_->priv_data, "crf", "23", 0);
    check(avcodec_open2(codec_.get(), codec, nullptr), "libx264 cannot be opened");
  }

  void open_muxer() {
    AVFormatContext* muxer = nullptr;
    check(avformat_alloc_output_context2(&muxer, nullptr, "mp4", file_.aside().c_str()), "no MP4 muxer");
    muxer_.reset(muxer);
    muxer_->flags |= AVFMT_FLAG_BITEXACT;
    stream_ = av_allocated(avformat_new_stream(muxer_.get(), nullptr));
    stream_->time_base = codec_->time_base;
    stream_->avg_frame_rate = codec_->framerate;
    check(avcodec_parameters_from_context(stream_->codecpar, codec_.get()), "no memory for the stream");
    check(avio_open(&muxer_->pb, ("file:" + file_.aside()).c_str(), AVIO_FLAG_WRITE), "cannot be written");
    check(avformat_write_header(muxer_.get(), nullptr), "cannot be written");
  }

  /// nullptr: no more frames, flush the encoder.
  void encode(const AVFrame* frame) {
    check(avcodec_send_frame(codec_.get(), frame), "libx264 rejected a frame");
    for (;;) {
      const int rc = avcodec_receive_packet(codec_.get(), packet_.get());
      if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return;
      check(rc, "libx264 failed");
      packet_->duration = 1;
      av_packet_rescale_ts(packet_.get(), codec_->time_base, stream_->time_base);
      packet_->stream_index = stream_->index;
      check(av_interleaved_write_frame(muxer_.get(), packet_.get()), "cannot be written");
    }
  }

  void check(int rc, const std::string& what) const {
    if (rc < 0 && is_no_room(AVUNERROR(rc))) throw write_error(path_, what, AVUNERROR(rc));
    if (rc < 0) throw Error(Fault::Unreadable, path_, what + " (" + av_words(rc) + ")");
  }

  std::string path_;
  AtomicFile file_;
  CodecHandle codec_;
  MuxerHandle muxer_;
  ScalerHandle scaler_;
  FrameHandle frame_{av_allocated(av_frame_alloc())};
  PacketHandle packet_{av_allocated(av_packet_alloc())};
  AVStream* stream_ = nullptr;  // owned by muxer_
  std::int64_t next_pts_ = 0;
};

VideoWriter::VideoWriter(const std::filesystem::path& path, int width, int height, int fps)
    : impl_(std::make_unique<Impl>(path, width, height, fps)) {}
VideoWriter::~VideoWriter() = default;
void VideoWriter::write(const std::uint8_t* bgr) { impl_->write(bgr); }
void VideoWriter::finish() { impl_->finish(); }

}  // namespace tvr
