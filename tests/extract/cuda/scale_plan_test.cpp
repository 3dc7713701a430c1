#include "extract/cuda/scale_plan.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <ostream>
#include <string>

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
}

namespace tvr {
namespace {

/// Texture, edges and noise in all three planes, between black and white of the limited range.
int texture(int plane, int x, int y) {
  std::uint32_t noise = static_cast<std::uint32_t>(x * 7919 + y * 104729 + plane * 1299709);
  noise = (noise ^ noise >> 13U) * 1274126177U;
  const double wave = 60 * std::sin(x * 0.11 + plane) + 40 * std::cos(y * 0.07 - plane * x * 0.01);
  const int block = (x / 24 + y / 16) % 3 == 0 ? 40 : 0;
  const int value = 110 + static_cast<int>(wave) + block + static_cast<int>(noise >> 28U) - 8;
  return std::min(235, std::max(16, value));
}

FrameHandle new_frame(int width, int height, AVPixelFormat format) {
  FrameHandle frame{av_frame_alloc()};
  frame->width = width;
  frame->height = height;
  frame->format = format;
  EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
  return frame;
}

void put(AVFrame& frame, int plane, int x, int y, int bytes, int value) {
  std::uint8_t* const at =
      frame.data[plane] + static_cast<std::ptrdiff_t>(y) * frame.linesize[plane] + x * bytes;
  if (bytes == 1) {
    at[0] = static_cast<std::uint8_t>(value);
  } else {  // little-endian
    at[0] = static_cast<std::uint8_t>(value & 0xFF);
    at[1] = static_cast<std::uint8_t>(value >> 8);
  }
}

struct Pictures {
  FrameHandle planar, paired;  // the same picture as the CPU's decoders give it, and as the GPU's does
};

Pictures pictures(int width, int height, bool ten_bits) {
  const int bytes = ten_bits ? 2 : 1;
  Pictures made{new_frame(width, height, ten_bits ? AV_PIX_FMT_YUV420P10LE : AV_PIX_FMT_YUV420P),
                new_frame(width, height, ten_bits ? AV_PIX_FMT_P010LE : AV_PIX_FMT_NV12)};
  for (int plane = 0; plane < 3; ++plane) {
    const int columns = plane == 0 ? width : (width + 1) / 2, rows = plane == 0 ? height : (height + 1) / 2;
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        const int value = ten_bits ? 4 * texture(plane, x, y) + (x + y) % 4 : texture(plane, x, y);
        put(*made.planar, plane, x, y, bytes, value);
        const int high = ten_bits ? value << 6 : value;
        if (plane == 0)
          put(*made.paired, 0, x, y, bytes, high);
        else
          put(*made.paired, 1, 2 * x + plane - 1, y, bytes, high);
      }
    }
  }
  return made;
}

gpu::FilterView view(const ResampleFilter& filter) {
  return {filter.taps, filter.first.data(), filter.weights.data()};
}

struct Kind {
  int width, height;
  bool ten_bits;
  AVColorSpace space;
  AVColorRange range;
};
std::ostream& operator<<(std::ostream& out, const Kind& kind) {
  return out << kind.width << "x" << kind.height << (kind.ten_bits ? ", 10 bits, " : ", 8 bits, ")
             << av_color_space_name(kind.space) << ", " << av_color_range_name(kind.range);
}

class ScalePlanTest : public ::testing::TestWithParam<Kind> {
 protected:
  ScalePlanTest() : format_(avformat_alloc_context()), stream_(avformat_new_stream(format_.get(), nullptr)) {
    stream_->time_base = {1, 25};
  }
  /// How many of the values differ by more than 2 levels, per mille.
  double far_off(const LaneOptions& lane) {
    const Kind kind = GetParam();
    Pictures made = pictures(kind.width, kind.height, kind.ten_bits);
    for (AVFrame* frame : {made.planar.get(), made.paired.get()}) {
      frame->colorspace = kind.space;
      frame->color_range = kind.range;
    }
    LaneOptions by_libswscale = lane;
    by_libswscale.preset = is_bicubic(lane.preset) ? Preset::Ffmpeg5 : Preset::Howto100m2019;
    const auto converter =
        make_picture_converter("a.mp4", *made.planar, *stream_, by_libswscale, std::nullopt, 1 << 24);
    const FrameHandle wanted = converter->convert(*made.planar);
    ScalePlan plan = scale_plan(*made.paired, lane, converter->target());
    plan.job.y_across = view(plan.y_across);
    plan.job.y_down = view(plan.y_down);
    plan.job.chroma_across = view(plan.chroma_across);
    plan.job.chroma_down = view(plan.chroma_down);
    gpu::ScaleJob planar = plan.job;
    set_channels(planar, made.planar->data, made.planar->linesize,
                 static_cast<AVPixelFormat>(made.planar->format));
    set_channels(plan.job, made.paired->data, made.paired->linesize,
                 static_cast<AVPixelFormat>(made.paired->format));
    EXPECT_EQ(plan.job.width, wanted->width);
    EXPECT_EQ(plan.job.height, wanted->height);
    int off = 0;
    for (int y = 0; y < plan.job.height; ++y) {
      for (int x = 0; x < plan.job.width; ++x) {
        std::array<std::uint8_t, 3> rgb{}, from_planes{};
        gpu::scale_pixel(plan.job, x, y, rgb.data());
        gpu::scale_pixel(planar, x, y, from_planes.data());
        EXPECT_EQ(from_planes, rgb) << x << ", " << y;
        const std::uint8_t* const at =
            wanted->data[0] + static_cast<std::ptrdiff_t>(y) * wanted->linesize[0] + 3 * x;
        for (std::size_t channel = 0; channel < 3; ++channel) {
          if (std::abs(rgb[channel] - at[channel]) > 2) ++off;
        }
      }
    }
    return 1000.0 * off / (3.0 * plan.job.width * plan.job.height);
  }
  InputHandle format_;
  AVStream* stream_;
};

TEST_P(ScalePlanTest, IsWithinTwoLevelsOfLibswscaleInBothLanesAndBothKernels) {
  for (const Preset preset : {Preset::Ffmpeg5Gpu, Preset::Howto100m2019Gpu}) {
    EXPECT_LE(far_off(lane_2d(preset)), 1.0) << kPresets.name(preset) << ", 2d";
    EXPECT_LE(far_off(lane_3d(preset)), 1.0) << kPresets.name(preset) << ", 3d";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, ScalePlanTest,
    ::testing::Values(Kind{320, 240, false, AVCOL_SPC_UNSPECIFIED, AVCOL_RANGE_UNSPECIFIED},
                      Kind{640, 360, false, AVCOL_SPC_BT709, AVCOL_RANGE_MPEG},
                      Kind{640, 360, false, AVCOL_SPC_BT709, AVCOL_RANGE_JPEG},
                      Kind{321, 243, false, AVCOL_SPC_BT470BG, AVCOL_RANGE_MPEG},
                      Kind{240, 426, false, AVCOL_SPC_SMPTE170M, AVCOL_RANGE_MPEG},
                      Kind{80, 60, false, AVCOL_SPC_UNSPECIFIED, AVCOL_RANGE_UNSPECIFIED},
                      Kind{640, 480, true, AVCOL_SPC_BT709, AVCOL_RANGE_MPEG},
                      Kind{1280, 720, true, AVCOL_SPC_BT2020_NCL, AVCOL_RANGE_MPEG}));

TEST(ResampleFilter, SumsToOneEverywhereAndStaysInside) {
  for (const auto& [source, target] : {std::pair{320, 149}, {5, 112}, {1, 16}, {1000, 1}, {112, 112}}) {
    const ResampleFilter filter = resample_filter(source, target, Preset::Ffmpeg5Gpu);
    for (int i = 0; i < target; ++i) {
      const float* const weights = &filter.weights[static_cast<std::size_t>(i * filter.taps)];
      EXPECT_NEAR(std::accumulate(weights, weights + filter.taps, 0.0F), 1, 1e-5);
      EXPECT_GE(filter.first[static_cast<std::size_t>(i)], 0);
      EXPECT_LE(filter.first[static_cast<std::size_t>(i)] + filter.taps, source);
    }
  }
}

TEST(ResampleFilter, LeavesASignalOfTheTargetsSizeAlone) {
  const ResampleFilter filter = resample_filter(64, 64, Preset::Howto100m2019Gpu);
  for (int i = 0; i < 64; ++i) {
    for (int tap = 0; tap < filter.taps; ++tap) {
      const bool own = filter.first[static_cast<std::size_t>(i)] + tap == i;
      EXPECT_NEAR(filter.weights[static_cast<std::size_t>(i * filter.taps + tap)], own ? 1 : 0, 1e-6);
    }
  }
}

}  // namespace
}  // namespace tvr
