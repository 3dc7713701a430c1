#include "extract/lane_spec.h"

#include <nlohmann/json.hpp>

#include "data/error.h"
#include "extract/networks/plugin.h"
#include "extract/networks/tower_backbone.h"

namespace tvr {
namespace {

/// Increase this when the features change for unchanged options: existing rows are then extracted again.
constexpr int kExtractionVersion = 1;

/// What a recipe calls a network. The weights' identity says which plug-in or encoder it is, wherever it
/// lies.
std::string kind_of(const std::string& model) {
  if (is_plugin(model)) return "plugin";
  return is_encoder(model) ? "encoder" : model;
}

}  // namespace

const std::vector<BuiltinLane>& builtin_lanes() {
  static const std::vector<BuiltinLane> lanes = {
      {"2d", lane_2d, "resnet152", 1, "resnet152-b121ed2d.pth",
       "ImageNet weights: `pipeline get resnet152`, from "
       "https://download.pytorch.org/models/resnet152-b121ed2d.pth"},
      {"3d", lane_3d, "resnext101", 1.5, "resnext101.pth",
       "Kinetics weights: `pipeline get resnext101`, see "
       "https://github.com/antoine77340/video_feature_extractor"},
  };
  return lanes;
}

std::vector<std::string> names_of(const std::vector<BuiltinLane>& lanes) {
  std::vector<std::string> names;
  for (const BuiltinLane& lane : lanes) names.emplace_back(lane.name);
  return names;
}

const BuiltinLane& lane_named(const std::string& name, const std::vector<BuiltinLane>& lanes) {
  std::string known;
  for (const BuiltinLane& lane : lanes) {
    if (name == lane.name) return lane;
    known += std::string(lane.name) + ", ";
  }
  throw Error(
      Fault::InvalidArgument, "lane", "'" + name + "' is not known",
      "Known lanes: " + known + "manifests of your own networks (FILE.json), and folders of encoder pairs");
}

Recipe recipe_of(const LaneSpec& lane) {
  const LaneOptions& sampling = lane.sampling;
  Recipe recipe;
  recipe.lane = sampling.name;
  nlohmann::json text{
      {"clip_frames", sampling.clip_frames},
      {"crop", sampling.crop_px},
      {"fps", sampling.sample_fps},
      {"legacy_rotation", sampling.legacy_rotation},
      {"model", kind_of(lane.network.model)},
      {"precision", kPrecisions.name(lane.network.precision)},
      {"preset", kPresets.name(sampling.preset)},
      {"short_side", sampling.short_side_px},
      {"version", kExtractionVersion},
  };
  // Named only where it is not what every lane once did: stored digests are of this text.
  if (sampling.resize != Resize::ShortSide) text["resize"] = kResizes.name(sampling.resize);
  recipe.text = text.dump();
  recipe.weights = weights_id(lane.network);
  return recipe;
}

}  // namespace tvr
