#include "pipeline/extraction/recipes.h"

#include <nlohmann/json.hpp>

#include "extract/networks/plugin.h"

namespace tvr {
namespace {

/// Raise this when the program's numbers change for the same options: old rows are then extracted again.
constexpr int kExtractionVersion = 1;

}  // namespace

Recipe recipe_of(const Lane& lane) {
  const LaneOptions& sampling = lane.sampling;
  Recipe recipe;
  recipe.lane = sampling.name;
  recipe.text =
      nlohmann::json{
          {"clip_frames", sampling.clip_frames},
          {"crop", sampling.crop_px},
          {"fps", sampling.sample_fps},
          {"legacy_rotation", sampling.legacy_rotation},
          {"model", is_plugin(lane.network.model) ? "plugin" : lane.network.model},
          {"precision", name(lane.network.precision)},
          {"preset", name(sampling.preset)},
          {"short_side", sampling.short_side_px},
          {"version", kExtractionVersion},
      }
          .dump();
  recipe.weights = weights_id(lane.network);
  return recipe;
}

}  // namespace tvr
