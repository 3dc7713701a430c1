#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/buffer.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

/// RAII owners of libav objects: the only file that frees them.
namespace tvr {

template <auto Free>
struct AvFree {
  template <class T>
  void operator()(T* pointer) const noexcept {
    Free(&pointer);
  }
};

/// avio_context_free() does not free the buffer, which libav may have reallocated.
struct AvIoFree {
  void operator()(AVIOContext* io) const noexcept {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};

/// A muxer, and the file that it writes.
struct AvMuxerFree {
  void operator()(AVFormatContext* muxer) const noexcept {
    avio_closep(&muxer->pb);
    avformat_free_context(muxer);
  }
};

struct AvScalerFree {
  void operator()(SwsContext* scaler) const noexcept { sws_freeContext(scaler); }
};

using BufferHandle = std::unique_ptr<AVBufferRef, AvFree<av_buffer_unref>>;
using CodecHandle = std::unique_ptr<AVCodecContext, AvFree<avcodec_free_context>>;
using FrameHandle = std::unique_ptr<AVFrame, AvFree<av_frame_free>>;
using GraphHandle = std::unique_ptr<AVFilterGraph, AvFree<avfilter_graph_free>>;
using InputHandle = std::unique_ptr<AVFormatContext, AvFree<avformat_close_input>>;
using IoHandle = std::unique_ptr<AVIOContext, AvIoFree>;
using MuxerHandle = std::unique_ptr<AVFormatContext, AvMuxerFree>;
using PacketHandle = std::unique_ptr<AVPacket, AvFree<av_packet_free>>;
using ScalerHandle = std::unique_ptr<SwsContext, AvScalerFree>;

/// AVDictionary options: one set, or one per stream for `count` streams; passed by address as libav expects.
class AvOptions {
 public:
  explicit AvOptions(std::size_t count = 1) : sets_(count, nullptr) {}
  ~AvOptions() {
    for (AVDictionary*& set : sets_) av_dict_free(&set);
  }
  AvOptions(const AvOptions&) = delete;
  AvOptions& operator=(const AvOptions&) = delete;

  void set(const char* key, const std::string& value) {
    for (AVDictionary*& set : sets_) av_dict_set(&set, key, value.c_str(), 0);
  }
  [[nodiscard]] AVDictionary** address() noexcept { return sets_.data(); }

 private:
  std::vector<AVDictionary*> sets_;
};

/// The two open ends of a parsed filter chain: input comes from `source`, output goes to `sink`.
class FilterEnds {
 public:
  FilterEnds(AVFilterContext* source, AVFilterContext* sink)
      : sources_(end("in", source)), sinks_(end("out", sink)) {}
  ~FilterEnds() {
    avfilter_inout_free(&sources_);
    avfilter_inout_free(&sinks_);
  }
  FilterEnds(const FilterEnds&) = delete;
  FilterEnds& operator=(const FilterEnds&) = delete;
  [[nodiscard]] AVFilterInOut** sources() noexcept { return &sources_; }
  [[nodiscard]] AVFilterInOut** sinks() noexcept { return &sinks_; }

 private:
  static AVFilterInOut* end(const char* name, AVFilterContext* filter) {
    AVFilterInOut* const made = avfilter_inout_alloc();
    if (made == nullptr) throw std::bad_alloc();
    made->name = av_strdup(name);
    made->filter_ctx = filter;
    return made;
  }
  AVFilterInOut* sources_;
  AVFilterInOut* sinks_;
};

/// libav's message for an error code: "Invalid data found when processing input".
[[nodiscard]] inline std::string av_words(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

/// Returns a libav allocation, or throws std::bad_alloc if it is null.
template <class T>
[[nodiscard]] T* av_allocated(T* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

}  // namespace tvr
