#pragma once

#include <string>
#include <vector>

#include "data/store/recipe.h"
#include "extract/lane.h"
#include "extract/networks/backbone.h"

namespace tvr {

/// A lane, from what its network wants to see to the network.
struct LaneSpec {
  LaneOptions sampling;
  BackboneOptions network;
};

/// A lane that the program knows by name. Adding one is adding a row.
struct BuiltinLane {
  const char* name;                 // "2d"; also in --model-2d and --weights-2d
  LaneOptions (*sampling)(Preset);  // its name is `name`
  const char* model;                // the network that is used unless another one is asked for
  double rows_per_second;           // feature rows per second of video, for estimates
  const char* weights;              // what the published weights of `model` are called ...
  const char* weights_from;         // ... and where to get them
};
[[nodiscard]] const std::vector<BuiltinLane>& builtin_lanes();
[[nodiscard]] std::vector<std::string> names_of(const std::vector<BuiltinLane>& lanes);
/// Throws Error(InvalidArgument) listing the lanes.
[[nodiscard]] const BuiltinLane& lane_named(const std::string& name,
                                            const std::vector<BuiltinLane>& lanes = builtin_lanes());

/// The identity of the lane's features. Hashes the weights file, but does not load it; throws
/// Error(NotFound | Unreadable) where it cannot be read.
[[nodiscard]] Recipe recipe_of(const LaneSpec& lane);

}  // namespace tvr
