#include "extract/lane.h"

#include "data/error.h"

namespace tvr {

namespace {

struct KnownPreset {
  Preset preset;
  const char* name;
};
constexpr KnownPreset kPresets[] = {{Preset::Ffmpeg5, "ffmpeg5"},
                                    {Preset::Howto100m2019, "howto100m-2019"},
                                    {Preset::Ffmpeg5Gpu, "ffmpeg5-gpu"},
                                    {Preset::Howto100m2019Gpu, "howto100m-2019-gpu"}};

}  // namespace

const char* name(Preset preset) noexcept {
  for (const KnownPreset& known : kPresets) {
    if (known.preset == preset) return known.name;
  }
  return "";
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const KnownPreset& known : kPresets) names.emplace_back(known.name);
  return names;
}

bool is_bicubic(Preset preset) noexcept { return preset == Preset::Ffmpeg5 || preset == Preset::Ffmpeg5Gpu; }

bool is_gpu(Preset preset) noexcept {
  return preset == Preset::Ffmpeg5Gpu || preset == Preset::Howto100m2019Gpu;
}

Preset preset_named(const std::string& text) {
  std::string names;
  for (const KnownPreset& known : kPresets) {
    if (text == known.name) return known.preset;
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  throw Error(Fault::InvalidArgument, "preset", "'" + text + "' is not known", "Known presets: " + names);
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
