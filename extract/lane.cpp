#include "extract/lane.h"

#include "data/error.h"

namespace tvr {

const char* name(Preset preset) noexcept { return preset == Preset::Ffmpeg5 ? "ffmpeg5" : "howto100m-2019"; }

Preset preset_named(const std::string& text) {
  for (const Preset preset : {Preset::Ffmpeg5, Preset::Howto100m2019}) {
    if (text == name(preset)) return preset;
  }
  throw Error(Fault::InvalidArgument, "preset", "'" + text + "' is not known",
              "Use ffmpeg5 or howto100m-2019");
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
