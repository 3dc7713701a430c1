#include "extract/lane.h"

namespace tvr {

bool is_bicubic(Preset preset) noexcept { return preset == Preset::Ffmpeg5 || preset == Preset::Ffmpeg5Gpu; }

bool is_gpu(Preset preset) noexcept {
  return preset == Preset::Ffmpeg5Gpu || preset == Preset::Howto100m2019Gpu;
}

LaneOptions lane_2d(Preset preset) {
  LaneOptions lane;
  lane.preset = preset;
  return lane;
}

LaneOptions lane_3d(Preset preset) {
  LaneOptions lane;
  lane.name = "3d";
  lane.sample_fps = 24;
  lane.short_side_px = 112;
  lane.crop_px = 112;
  lane.clip_frames = 16;
  lane.preset = preset;
  return lane;
}

}  // namespace tvr
