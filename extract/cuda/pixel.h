#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define TVR_HOST_DEVICE __host__ __device__
#else
#define TVR_HOST_DEVICE
#endif

/// The arithmetic of one pixel, from a decoded frame to scaled, cropped rgb24. The same code is compiled for
/// the host (where tests compare it with libswscale) and for the device. Plain non-owning pointers, so that a
/// kernel can take it by value.
namespace tvr::gpu {

/// One channel of a frame: sample (x, y) is at data + y * pitch + x * step.
struct Channel {
  const std::uint8_t* data = nullptr;
  std::int64_t pitch = 0;  // bytes
  int step = 1;            // bytes
  int sample_bytes = 1;    // 1 or 2
  float unit = 1;          // factor from a sample to 8-bit levels
};

/// A non-owning view of a ResampleFilter, in host or device memory.
struct FilterView {
  int taps = 1;
  const int* first = nullptr;
  const float* weights = nullptr;
};

/// YUV to RGB as libswscale computes it, in 16.16 fixed point (libswscale/yuv2rgb.c; FFmpeg 5.1 and 7.1).
/// Targets of odd width use arithmetic:
///   r = gain * (y - black) + red_v * (v - 128), g and b likewise.
/// For even widths two neighbouring pixels share their chroma and lookup tables are used, after rounding
/// values to 8 bits: chroma shifts the index into a luma table by whole entries, and the table for limited
/// range starts 1.8 levels too dark.
struct ColorMatrix {
  float black = 16, gain = 0, red_v = 0, green_u = 0, green_v = 0, blue_u = 0;
  std::int32_t luma_step = 0, luma_start = 0;
  std::int32_t red_v_step = 0, green_u_step = 0, green_v_step = 0, blue_u_step = 0;
};

struct ScaleJob {
  Channel y, u, v;
  FilterView y_across, y_down, chroma_across, chroma_down;
  bool shares_color = false;  // table path: two neighbouring pixels share their chroma
  bool truncates = false;  // table path: values are truncated, not rounded, where libswscale blends two rows
  int left = 0, top = 0;   // offset of the crop within the scaled frame
  int width = 0, height = 0;  // size of the crop
  ColorMatrix color;
};

TVR_HOST_DEVICE inline float sample(const Channel& channel, int x, int y) {
  const std::uint8_t* const at =
      channel.data + y * channel.pitch + static_cast<std::int64_t>(x) * channel.step;
  if (channel.sample_bytes == 1) return static_cast<float>(*at);
  return static_cast<float>(at[0] + 256 * at[1]) * channel.unit;
}

/// Horizontal pass first, as in libswscale, whose 15-bit intermediate already clips values above white.
TVR_HOST_DEVICE inline float scaled(const Channel& channel, const FilterView& across, const FilterView& down,
                                    int x, int y) {
  constexpr float kMost = 32767.0F / 128.0F;
  float sum = 0;
  for (int j = 0; j < down.taps; ++j) {
    float row = 0;
    for (int i = 0; i < across.taps; ++i) {
      row += across.weights[x * across.taps + i] * sample(channel, across.first[x] + i, down.first[y] + j);
    }
    sum += down.weights[y * down.taps + j] * (row < kMost ? row : kMost);
  }
  return sum;
}

TVR_HOST_DEVICE inline std::uint8_t level(float value) {
  return static_cast<std::uint8_t>(value <= 0 ? 0 : value >= 255 ? 255 : static_cast<int>(value + 0.5F));
}

/// Shift in luma table entries for a chroma value of 0 to 255.
TVR_HOST_DEVICE inline std::int32_t moved(std::int32_t step, int value) {
  return (value * step >> 16) - (128 * step >> 16);
}

TVR_HOST_DEVICE inline std::uint8_t table_level(const ColorMatrix& color, std::int32_t entry) {
  const std::int32_t value = (color.luma_start + entry * color.luma_step + 0x8000) >> 16;
  return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

/// Writes pixel (x, y) of the crop as rgb24 to `out`.
TVR_HOST_DEVICE inline void scale_pixel(const ScaleJob& job, int x, int y, std::uint8_t* out) {
  const int column = x + job.left, row = y + job.top;
  const int chroma_column = job.shares_color ? column / 2 : column;
  const float luma = scaled(job.y, job.y_across, job.y_down, column, row);
  const float u = scaled(job.u, job.chroma_across, job.chroma_down, chroma_column, row);
  const float v = scaled(job.v, job.chroma_across, job.chroma_down, chroma_column, row);
  const ColorMatrix& color = job.color;
  if (job.shares_color) {
    const float half = job.truncates ? 0.5F : 0.0F;
    const int y8 = level(luma - half), u8 = level(u - half), v8 = level(v - half);
    out[0] = table_level(color, y8 + moved(color.red_v_step, v8));
    out[1] = table_level(color, y8 + moved(color.green_u_step, u8) + moved(color.green_v_step, v8));
    out[2] = table_level(color, y8 + moved(color.blue_u_step, u8));
    return;
  }
  const float base = color.gain * (luma - color.black);
  out[0] = level(base + color.red_v * (v - 128));
  out[1] = level(base + color.green_u * (u - 128) + color.green_v * (v - 128));
  out[2] = level(base + color.blue_u * (u - 128));
}

}  // namespace tvr::gpu
