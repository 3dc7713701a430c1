#include "extract/media/picture_converter.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/display.h>
}

#include "data/error.h"
#include "extract/cuda/cuda_picture_converter.h"

namespace tvr {
namespace {

std::optional<DisplayMatrix> matrix_from(const std::uint8_t* bytes) {
  if (bytes == nullptr) return std::nullopt;
  DisplayMatrix matrix{};
  std::memcpy(matrix.data(), bytes, sizeof matrix);
  return matrix;
}

/// Clockwise rotation to apply, in degrees, in about [0, 360); NaN for a degenerate matrix.
double degrees_of(const DisplayMatrix& matrix) {
  const double turn = -std::round(av_display_rotation_get(matrix.data()));
  return turn - 360 * std::floor(turn / 360 + 0.9 / 360);
}

/// When its input changes, the ffmpeg program also appends a scaler to its output size, with default options.
std::string second_scaler(const LaneOptions& lane, PictureSize target) {
  if (lane.crop_px > 0) target = {lane.crop_px, lane.crop_px};
  return ",scale=" + std::to_string(target.width) + ":" + std::to_string(target.height);
}

/// All that libavfilter does, and nothing more.
class FilterConverter : public PictureConverter {
 public:
  ///   filters  from a frame to one of `target`, or of that part of it that the lane keeps
  FilterConverter(const std::string& name, const AVFrame& frame, const AVStream& stream,
                  const std::string& filters, PictureSize target);

  [[nodiscard]] bool fits(const AVFrame& frame) const override;
  [[nodiscard]] FrameHandle convert(const AVFrame& frame) override;
  [[nodiscard]] PictureSize target() const noexcept override { return target_; }

 private:
  void build(const AVFrame& frame, const AVStream& stream, const std::string& filters);
  [[noreturn]] void fail(int status) const;

  std::string name_;
  int format_;
  PictureSize size_;
  std::optional<DisplayMatrix> matrix_;
  PictureSize target_;
  GraphHandle graph_;
  AVFilterContext* source_ = nullptr;
  AVFilterContext* sink_ = nullptr;
};

/// Frames at their own size from libavfilter, resized as by Pillow.
class PillowConverter : public PictureConverter {
 public:
  PillowConverter(std::unique_ptr<PictureConverter> own_size, const LaneOptions& lane)
      : own_size_(std::move(own_size)), lane_(lane) {}

  [[nodiscard]] bool fits(const AVFrame& frame) const override { return own_size_->fits(frame); }
  [[nodiscard]] FrameHandle convert(const AVFrame& frame) override {
    const FrameHandle rgb = own_size_->convert(frame);
    const PictureSize size{rgb->height, rgb->width};
    if (!resize_ || resize_->from().height != size.height || resize_->from().width != size.width)
      resize_.emplace(pillow_resize(size, target(), lane_));
    FrameHandle picture{av_allocated(av_frame_alloc())};
    picture->format = AV_PIX_FMT_RGB24;
    picture->height = resize_->size().height;
    picture->width = resize_->size().width;
    if (av_frame_get_buffer(picture.get(), 0) < 0) throw std::bad_alloc();
    resize_->run(rgb->data[0], rgb->linesize[0], picture->data[0], picture->linesize[0]);
    return picture;
  }
  [[nodiscard]] PictureSize target() const noexcept override { return own_size_->target(); }

 private:
  std::unique_ptr<PictureConverter> own_size_;
  LaneOptions lane_;
  std::optional<PillowResize> resize_;
};

}  // namespace

std::optional<DisplayMatrix> display_matrix(const AVFrame& frame) {
  const AVFrameSideData* const data = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  return data == nullptr || data->size < sizeof(DisplayMatrix) ? std::nullopt : matrix_from(data->data);
}

std::optional<DisplayMatrix> display_matrix(const AVStream& stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVCodecParameters& parameters = *stream.codecpar;
  const AVPacketSideData* const data = av_packet_side_data_get(
      parameters.coded_side_data, parameters.nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return data == nullptr || data->size < sizeof(DisplayMatrix) ? std::nullopt : matrix_from(data->data);
#else
  std::size_t bytes = 0;
  const std::uint8_t* const data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
  return bytes < sizeof(DisplayMatrix) ? std::nullopt : matrix_from(data);
#endif
}

PictureSize scaled_size(PictureSize shown, const LaneOptions& lane) {
  if (lane.resize == Resize::Squash) return {lane.short_side_px, lane.short_side_px};
  const auto longer = [&](int side, int other) {
    const double exact = static_cast<double>(std::int64_t{side} * lane.short_side_px) / other;
    return static_cast<int>(std::min<double>(exact, std::numeric_limits<int>::max()));
  };
  if (shown.height >= shown.width) return {longer(shown.height, shown.width), lane.short_side_px};
  return {lane.short_side_px, longer(shown.width, shown.height)};
}

PictureWindow crop_window(PictureSize scaled, const LaneOptions& lane) {
  if (lane.crop_px == 0) return whole(scaled);
  const auto begin = [&](int side) {
    const int cut = side - lane.crop_px;
    return cut / 2 + (is_pillow(lane.preset) && cut % 4 == 3 ? 1 : 0);
  };
  return {begin(scaled.height), begin(scaled.width), {lane.crop_px, lane.crop_px}};
}

std::string scale_filters(const LaneOptions& lane, PictureSize target) {
  if (is_pillow(lane.preset)) return "scale=flags=bicubic";
  const char* const kernel = is_bicubic(lane.preset) ? "bicubic" : "bilinear";
  std::string filters =
      "scale=" + std::to_string(target.width) + ":" + std::to_string(target.height) + ":flags=" + kernel;
  if (lane.crop_px > 0) {
    const PictureWindow window = crop_window(target, lane);
    const std::string side = std::to_string(lane.crop_px);
    filters +=
        ",crop=" + side + ":" + side + ":" + std::to_string(window.left) + ":" + std::to_string(window.top);
  }
  return filters;
}

PillowResize pillow_resize(PictureSize from, PictureSize target, const LaneOptions& lane) {
  const ResizeFilter filter = is_bicubic(lane.preset) ? ResizeFilter::Bicubic : ResizeFilter::Bilinear;
  return {from, target, filter, crop_window(target, lane)};
}

Rotation rotation_of(const std::optional<DisplayMatrix>& matrix) {
  if (!matrix) return {};
  const DisplayMatrix& m = *matrix;
  const double degrees = degrees_of(m);
  const auto about = [&](double angle) { return std::fabs(degrees - angle) < 1.0; };
  if (about(90)) return {m[3] > 0 ? "transpose=cclock_flip," : "transpose=clock,", true};
  if (about(180)) return {std::string(m[0] < 0 ? "hflip," : "") + (m[4] < 0 ? "vflip," : ""), false};
  if (about(270)) return {m[3] < 0 ? "transpose=clock_flip," : "transpose=cclock,", true};
  if (std::fabs(degrees) > 1.0) {
    char text[64];
    std::snprintf(text, sizeof text, "rotate=%f*PI/180,", degrees);
    return {text, false};
  }
  return {about(0) && m[4] < 0 ? "vflip," : "", false};
}

Rotation rotation_of(const AVFrame& frame, const AVStream& stream) {
  const std::optional<DisplayMatrix> own = display_matrix(frame);
  return rotation_of(own ? own : display_matrix(stream));
}

void require_pixels(const std::string& name, PictureSize shown, PictureSize target, std::int64_t max_pixels,
                    const std::string& what) {
  if (std::int64_t{target.height} * target.width <= max_pixels) return;
  throw Error(Fault::Limit, name,
              "limit of pixels: " + std::to_string(shown.width) + "x" + std::to_string(shown.height) +
                  " scales to " + std::to_string(target.width) + "x" + std::to_string(target.height) +
                  " pixels",
              "Crop the " + what);
}

bool is_turned(const AVStream& stream) { return !rotation_of(display_matrix(stream)).filters.empty(); }

std::unique_ptr<PictureConverter> make_picture_converter(const std::string& name, const AVFrame& frame,
                                                         const AVStream& stream, const LaneOptions& lane,
                                                         std::optional<PictureSize> target,
                                                         std::int64_t max_pixels) {
  const Rotation rotation = rotation_of(frame, stream);
  if (is_gpu(lane.preset) && rotation.filters.empty() && can_convert_on_gpu(frame))
    return cuda_picture_converter(name, frame, lane, target, max_pixels);
  if (frame.format == AV_PIX_FMT_CUDA) {
    throw Error(Fault::Unsupported, name, "frames decoded by NVDEC become rotated in mid-stream",
                "Use a preset without -gpu for this video");
  }
  PictureSize shown{frame.height, frame.width};
  if (rotation.swaps_sides && !lane.legacy_rotation) std::swap(shown.height, shown.width);
  const PictureSize size = target ? *target : scaled_size(shown, lane);
  require_pixels(name, shown, size, max_pixels);
  std::string filters = rotation.filters + scale_filters(lane, size);
  if (target && !is_pillow(lane.preset)) filters += second_scaler(lane, size);
  auto converter =
      std::make_unique<FilterConverter>(name, frame, stream, filters + ",format=pix_fmts=rgb24", size);
  if (!is_pillow(lane.preset)) return converter;
  return std::make_unique<PillowConverter>(std::move(converter), lane);
}

FilterConverter::FilterConverter(const std::string& name, const AVFrame& frame, const AVStream& stream,
                                 const std::string& filters, PictureSize target)
    : name_(name),
      format_(frame.format),
      size_{frame.height, frame.width},
      matrix_(display_matrix(frame)),
      target_(target) {
  build(frame, stream, filters);
}

void FilterConverter::build(const AVFrame& frame, const AVStream& stream, const std::string& filters) {
  graph_.reset(av_allocated(avfilter_graph_alloc()));
  graph_->nb_threads = 1;
  char arguments[256];
  std::snprintf(arguments, sizeof arguments, "video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=%d/%d",
                frame.width, frame.height, frame.format, stream.time_base.num, stream.time_base.den,
                frame.sample_aspect_ratio.num,
                frame.sample_aspect_ratio.den == 0 ? 1 : frame.sample_aspect_ratio.den);
  std::string source = arguments;
#if LIBAVFILTER_VERSION_MAJOR >= 10
  source += ":colorspace=" + std::to_string(frame.colorspace) + ":range=" + std::to_string(frame.color_range);
#endif
  int status = avfilter_graph_create_filter(&source_, avfilter_get_by_name("buffer"), "in", source.c_str(),
                                            nullptr, graph_.get());
  if (status < 0) fail(status);
  status = avfilter_graph_create_filter(&sink_, avfilter_get_by_name("buffersink"), "out", nullptr, nullptr,
                                        graph_.get());
  if (status < 0) fail(status);
  FilterEnds ends(source_, sink_);
  status = avfilter_graph_parse_ptr(graph_.get(), filters.c_str(), ends.sinks(), ends.sources(), nullptr);
  if (status >= 0) status = avfilter_graph_config(graph_.get(), nullptr);
  if (status < 0) fail(status);
}

void FilterConverter::fail(int status) const {
  if (status == AVERROR(ENOMEM)) {
    throw Error(Fault::Limit, name_, "limit of memory: no memory to convert a frame",
                "Pass a larger --max-memory");
  }
  throw Error(Fault::Unsupported, name_, "its frames cannot be converted to rgb24: " + av_words(status));
}

bool FilterConverter::fits(const AVFrame& frame) const {
  return frame.format == format_ && frame.height == size_.height && frame.width == size_.width &&
         display_matrix(frame) == matrix_;
}

FrameHandle FilterConverter::convert(const AVFrame& frame) {
  // av_buffersrc keeps a reference; the caller's frame stays valid.
  int status =
      av_buffersrc_add_frame_flags(source_, const_cast<AVFrame*>(&frame), AV_BUFFERSRC_FLAG_KEEP_REF);
  FrameHandle picture{av_allocated(av_frame_alloc())};
  if (status >= 0) status = av_buffersink_get_frame(sink_, picture.get());
  if (status < 0) fail(status);
  return picture;
}

}  // namespace tvr
