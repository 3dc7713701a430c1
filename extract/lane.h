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
  PillowBicubic,     // rgb24 at the video's own size, resized as by Pillow: torchvision, Hugging Face
  PillowBilinear,
};
inline constexpr Choices<Preset, 6> kPresets{{{"ffmpeg5", Preset::Ffmpeg5},
                                              {"howto100m-2019", Preset::Howto100m2019},
                                              {"ffmpeg5-gpu", Preset::Ffmpeg5Gpu},
                                              {"howto100m-2019-gpu", Preset::Howto100m2019Gpu},
                                              {"pillow-bicubic", Preset::PillowBicubic},
                                              {"pillow-bilinear", Preset::PillowBilinear}}};
[[nodiscard]] bool is_bicubic(Preset preset) noexcept;
[[nodiscard]] bool is_gpu(Preset preset) noexcept;
[[nodiscard]] bool is_pillow(Preset preset) noexcept;

/// To which size frames are scaled, before cropping.
enum class Resize {
  ShortSide,  // the shorter side becomes short_side_px, the shape is kept
  Squash,     // both sides become short_side_px (SigLIP, PE-Core); with the Pillow presets only
};
inline constexpr Choices<Resize, 2> kResizes{{{"short-side", Resize::ShortSide}, {"squash", Resize::Squash}}};

/// The frames that one network takes from a video. Every field changes the features.
struct LaneOptions {
  std::string name = "2d";
  int sample_fps = 1;       // frames sampled per second of video; >= 1
  int short_side_px = 224;  // shorter side after scaling, of the upright frame; >= 16
  int crop_px = 0;          // side of the centre crop; 0: none
  int clip_frames = 1;      // frames per clip; each clip gives one feature row; >= 1
  Preset preset = Preset::Ffmpeg5;
  Resize resize = Resize::ShortSide;
  bool legacy_rotation =
      false;  // size computed before rotation (a bug of the reference, kept for compatibility)
};

/// The reference's lanes (antoine77340/video_feature_extractor). 2d: 1 fps, 224; 3d: 24 fps, 112 cropped, 16
/// frames.
[[nodiscard]] LaneOptions lane_2d(Preset preset = Preset::Ffmpeg5);
[[nodiscard]] LaneOptions lane_3d(Preset preset = Preset::Ffmpeg5);

/// The frames that a network pretrained on pictures takes: one a second, each a row, resized as by Pillow.
/// OpenAI's CLIP: ShortSide, 224 (L/14@336: 336), PillowBicubic, crop 224 (336). SigLIP and PE-Core: Squash,
/// no crop. The values are those of the network's preprocessor_config.json.
[[nodiscard]] LaneOptions picture_lane(std::string name, Resize resize, int size_px, Preset preset,
                                       int crop_px);

/// Maps 8-bit RGB to network input: (value * scale - mean) / std per channel.
struct Normalization {
  float scale = 1.0f;
  std::array<float, 3> mean{};
  std::array<float, 3> std{1.0f, 1.0f, 1.0f};
};

}  // namespace tvr
