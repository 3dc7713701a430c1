#pragma once

#include <array>
#include <string>
#include <vector>

namespace tvr {

/// How pictures are made; part of a feature's identity. The GPU's are within 2 of 255 levels of libswscale's
/// (99.9 of 100 values), not byte for byte.
enum class Preset {
  Ffmpeg5,           // bicubic: what FFmpeg 5 and later do by default
  Howto100m2019,     // bilinear: FFmpeg 4.3 and before inside -filter_complex, as the reference was run
  Ffmpeg5Gpu,        // bicubic, scaled on the GPU
  Howto100m2019Gpu,  // bilinear, scaled on the GPU
};
[[nodiscard]] const char* name(Preset preset) noexcept;  // "ffmpeg5", "howto100m-2019", "ffmpeg5-gpu", ...
[[nodiscard]] std::vector<std::string> preset_names();
[[nodiscard]] bool is_bicubic(Preset preset) noexcept;
[[nodiscard]] bool is_gpu(Preset preset) noexcept;
/// Throws Error(InvalidArgument) listing the names.
[[nodiscard]] Preset preset_named(const std::string& name);

/// What one network wants to see of a video. All of it changes the numbers.
struct LaneOptions {
  std::string name = "2d";
  int sample_fps = 1;       // frames a second taken from the video; >= 1
  int short_side_px = 224;  // the shorter displayed side after scaling; >= 16
  int crop_px = 0;          // side of the centre crop; 0: none
  int clip_frames = 1;      // frames a clip; a clip gives a feature row; >= 1
  Preset preset = Preset::Ffmpeg5;
  bool legacy_rotation =
      false;  // size from the coded picture, then rotated into it (the reference's mistake)
};

/// The reference's lanes (antoine77340/video_feature_extractor): 1 fps, 224; 24 fps, 112 cropped, 16 frames.
[[nodiscard]] LaneOptions lane_2d(Preset preset = Preset::Ffmpeg5);
[[nodiscard]] LaneOptions lane_3d(Preset preset = Preset::Ffmpeg5);

/// How 8-bit RGB becomes network input: (value * scale - mean) / std per channel.
struct Normalization {
  float scale = 1.0f;
  std::array<float, 3> mean{};
  std::array<float, 3> std{1.0f, 1.0f, 1.0f};
};

}  // namespace tvr
