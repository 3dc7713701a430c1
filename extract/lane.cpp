#include "extract/lane.h"

#include <utility>

namespace tvr {

bool is_bicubic(Preset preset) noexcept {
  return preset == Preset::Ffmpeg5 || preset == Preset::Ffmpeg5Gpu || preset == Preset::PillowBicubic;
}

bool is_gpu(Preset preset) noexcept {
  return preset == Preset::Ffmpeg5Gpu || preset == Preset::Howto100m2019Gpu;
}

bool is_pillow(Preset preset) noexcept {
  return preset == Preset::PillowBicubic || preset == Preset::PillowBilinear;
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

LaneOptions picture_lane(std::string name, Resize resize, int size_px, Preset preset, int crop_px) {
  LaneOptions lane;
  lane.name = std::move(name);
  lane.resize = resize;
  lane.short_side_px = size_px;
  lane.preset = preset;
  lane.crop_px = crop_px;
  return lane;
}

}  // namespace tvr
