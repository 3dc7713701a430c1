#pragma once

#include <string>
#include <vector>

#include "data/store/recipe.h"
#include "extract/lane.h"
#include "extract/networks/backbone.h"

namespace tvr {

/// A lane: its frame sampling and its network.
struct LaneSpec {
  LaneOptions sampling;
  BackboneOptions network;
};

/// A built-in lane. Adding one is adding a row to the table.
struct BuiltinLane {
  const char* name;                 // "2d"; also the suffix in --model-2d and --weights-2d
  LaneOptions (*sampling)(Preset);  // the result's name is `name`
  const char* model;                // default network
  double rows_per_second;           // feature rows per second of video, for estimates
  const char* weights;              // file name of the published weights of `model` ...
  const char* weights_from;         // ... and where to download them
};
[[nodiscard]] const std::vector<BuiltinLane>& builtin_lanes();
[[nodiscard]] std::vector<std::string> names_of(const std::vector<BuiltinLane>& lanes);
/// Throws Error(InvalidArgument) listing the known lanes.
[[nodiscard]] const BuiltinLane& lane_named(const std::string& name,
                                            const std::vector<BuiltinLane>& lanes = builtin_lanes());

/// The identity of the lane's features. Hashes the weights file without loading it; throws Error(NotFound |
/// Unreadable) if it cannot be read.
[[nodiscard]] Recipe recipe_of(const LaneSpec& lane);

}  // namespace tvr
