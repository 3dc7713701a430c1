#include "extract/cuda/scale_plan.h"

#include <cmath>

namespace tvr {
namespace {

/// Luma weights of red and blue, from ITU-T H.273, table 4.
struct LumaWeights {
  double red, blue;
};

LumaWeights weights_of(AVColorSpace space) {
  switch (space) {
    case AVCOL_SPC_BT709:
      return {0.2126, 0.0722};
    case AVCOL_SPC_FCC:
      return {0.30, 0.11};
    case AVCOL_SPC_SMPTE240M:
      return {0.212, 0.087};
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return {0.2627, 0.0593};
    default:
      return {0.299, 0.114};  // BT.601, also the default for untagged video
  }
}

gpu::ColorMatrix matrix_of(const AVFrame& frame) {
  const auto [red, blue] = weights_of(frame.colorspace);
  const double green = 1 - red - blue;
  const bool is_full = frame.color_range == AVCOL_RANGE_JPEG || frame.format == AV_PIX_FMT_YUVJ420P;
  const double gain = is_full ? 1 : 255.0 / 219, chroma = is_full ? 1 : 255.0 / 224;
  const double red_v = 2 * (1 - red) * chroma, blue_u = 2 * (1 - blue) * chroma;
  const auto narrow = [](double value) { return static_cast<float>(value); };
  gpu::ColorMatrix matrix{
      is_full ? 0.0F : 16.0F,       narrow(gain),  narrow(red_v), narrow(-blue_u * blue / green),
      narrow(-red_v * red / green), narrow(blue_u)};
  constexpr double kOne = 65536;
  const auto step = [&](double value) { return static_cast<std::int32_t>(std::lround(value / gain * kOne)); };
  matrix.luma_step = static_cast<std::int32_t>(gain * kOne);
  // The table starts at -384 (and black); luma 0 is entry 326, or 384 in full range.
  matrix.luma_start = is_full ? 0 : -((384 + 16) << 16) + 326 * matrix.luma_step;
  matrix.red_v_step = step(red_v);
  matrix.green_u_step = step(-blue_u * blue / green);
  matrix.green_v_step = step(-red_v * red / green);
  matrix.blue_u_step = step(blue_u);
  return matrix;
}

int half(int side) { return (side + 1) / 2; }

struct Layout {
  AVPixelFormat format;
  bool is_paired;  // u and v interleaved in one plane
  int bytes;       // per sample
  float unit;      // as gpu::Channel::unit
};
constexpr Layout kLayouts[] = {
    {AV_PIX_FMT_NV12, true, 1, 1},
    {AV_PIX_FMT_P010LE, true, 2, 1.0F / 256},
    {AV_PIX_FMT_P016LE, true, 2, 1.0F / 256},
    {AV_PIX_FMT_YUV420P, false, 1, 1},
    {AV_PIX_FMT_YUVJ420P, false, 1, 1},
    {AV_PIX_FMT_YUV420P10LE, false, 2, 1.0F / 4},
    {AV_PIX_FMT_YUV420P12LE, false, 2, 1.0F / 16},
};

const Layout* layout_of(AVPixelFormat format) noexcept {
  for (const Layout& layout : kLayouts) {
    if (layout.format == format) return &layout;
  }
  return nullptr;
}

}  // namespace

bool can_scale(AVPixelFormat format) noexcept { return layout_of(format) != nullptr; }

ScalePlan scale_plan(const AVFrame& frame, const LaneOptions& lane, PictureSize target) {
  ScalePlan plan;
  plan.job.shares_color = target.width % 2 == 0;
  plan.job.truncates = !is_bicubic(lane.preset) && frame.height < target.height;
  const int chroma_width = plan.job.shares_color ? target.width / 2 : target.width;
  plan.y_across = resample_filter(frame.width, target.width, lane.preset);
  plan.y_down = resample_filter(frame.height, target.height, lane.preset);
  plan.chroma_across = resample_filter(half(frame.width), chroma_width, lane.preset);
  plan.chroma_down = resample_filter(half(frame.height), target.height, lane.preset);
  plan.job.width = lane.crop_px > 0 ? lane.crop_px : target.width;
  plan.job.height = lane.crop_px > 0 ? lane.crop_px : target.height;
  plan.job.left = (target.width - plan.job.width) / 2;
  plan.job.top = (target.height - plan.job.height) / 2;
  plan.job.color = matrix_of(frame);
  return plan;
}

void set_channels(gpu::ScaleJob& job, const std::uint8_t* const* planes, const int* pitches,
                  AVPixelFormat format) {
  const Layout& layout = *layout_of(format);
  const int bytes = layout.bytes;
  job.y = {planes[0], pitches[0], bytes, bytes, layout.unit};
  if (layout.is_paired) {
    job.u = {planes[1], pitches[1], 2 * bytes, bytes, layout.unit};
    job.v = {planes[1] + bytes, pitches[1], 2 * bytes, bytes, layout.unit};
  } else {
    job.u = {planes[1], pitches[1], bytes, bytes, layout.unit};
    job.v = {planes[2], pitches[2], bytes, bytes, layout.unit};
  }
}

}  // namespace tvr
