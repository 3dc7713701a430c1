#pragma once

#include <array>
#include <string>

#include "data/choices.h"

namespace tvr {

/// How frames are scaled; part of a feature's identity. The GPU presets differ from libswscale by at most 2
/// of 255 levels in 99.9 % of the values; they are not byte-identical.
enum class Preset {
  Ffmpeg5,           // bicubic: what FFmpeg 5 and later do by default
  Howto100m2019,     // bilinear: FFmpeg 4.3 and earlier inside -filter_complex, as in the reference
  Ffmpeg5Gpu,        // bicubic, scaled on the GPU
  Howto100m2019Gpu,  // bilinear, scaled on the GPU
};
inline constexpr Choices<Preset, 4> kPresets{{{"ffmpeg5", Preset::Ffmpeg5},
                                              {"howto100m-2019", Preset::Howto100m2019},
                                              {"ffmpeg5-gpu", Preset::Ffmpeg5Gpu},
                                              {"howto100m-2019-gpu", Preset::Howto100m2019Gpu}}};
[[nodiscard]] bool is_bicubic(Preset preset) noexcept;
[[nodiscard]] bool is_gpu(Preset preset) noexcept;

/// The frames that one network takes from a video. Every field changes the features.
struct LaneOptions {
  std::string name = "2d";
  int sample_fps = 1;       // frames sampled per second of video; >= 1
  int short_side_px = 224;  // shorter side after scaling, of the upright frame; >= 16
  int crop_px = 0;          // side of the centre crop; 0: none
  int clip_frames = 1;      // frames per clip; each clip gives one feature row; >= 1
  Preset preset = Preset::Ffmpeg5;
  bool legacy_rotation =
      false;  // size computed before rotation (a bug of the reference, kept for compatibility)
};

/// The reference's lanes (antoine77340/video_feature_extractor). 2d: 1 fps, 224; 3d: 24 fps, 112 cropped, 16
/// frames.
[[nodiscard]] LaneOptions lane_2d(Preset preset = Preset::Ffmpeg5);
[[nodiscard]] LaneOptions lane_3d(Preset preset = Preset::Ffmpeg5);

/// Maps 8-bit RGB to network input: (value * scale - mean) / std per channel.
struct Normalization {
  float scale = 1.0f;
  std::array<float, 3> mean{};
  std::array<float, 3> std{1.0f, 1.0f, 1.0f};
};

}  // namespace tvr
