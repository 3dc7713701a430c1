#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/datasets/video_selection.h"
#include "extract/devices.h"
#include "extract/lane_spec.h"
#include "extract/media/clip_stream.h"

namespace tvr {

/// Overrides the network of a built-in lane.
struct NetworkChoice {
  std::string model;              // a name of backbone_names(); empty: the lane's default
  std::filesystem::path weights;  // .pth or .safetensors; empty: none
};

/// Which networks process the videos, and how. All of it is part of a feature's identity.
struct FeatureOptions {
  // Names of built-in lanes, manifests of plug-ins, or folders of encoder pairs.
  std::vector<std::string> lanes = {"2d", "3d"};
  int encoder_fps = 1;  // frames per second of video that an encoder pair's lane embeds
  std::map<std::string, NetworkChoice> networks;  // by built-in lane
  bool random_weights = false;                    // allow networks without weights
  std::uint64_t random_seed = 1;
  Preset preset = Preset::Ffmpeg5;
  Precision precision = Precision::Fp32;
  bool legacy_rotation = false;
};

/// Affects speed only; none of it changes a feature.
struct SpeedOptions {
  Devices devices;
  int jobs = 0;         // videos processed in parallel; 0: one per core
  int clip_batch = 0;   // clips of equal size, across videos, per forward pass; 0: 64 on a GPU, 1 on the CPU
  DecodeLimits limits;  // budgets per video
};

/// What to extract, and how.
struct ExtractOptions {
  VideoSelection videos;
  std::filesystem::path store;
  std::filesystem::path scratch;  // folder where the store is worked on; empty: where it is
  bool retry_failed = false;      // retry videos that failed before
  FeatureOptions features;
  SpeedOptions speed;
};

/// A lane and the identity of its features.
struct PlannedLane {
  LaneSpec spec;
  Recipe recipe;
};

/// An extraction with every option resolved and every weights file hashed: made once and not changed after.
struct ExtractionPlan {
  std::vector<PlannedLane> lanes;  // at least one; names are distinct
  SpeedOptions speed;
  std::filesystem::path store;  // the rows of videos in progress wait beside it
  bool retry_failed = false;
};

/// Resolves `options`; `builtin` are the known lanes. Throws Error(InvalidArgument) for an unknown lane, two
/// lanes of the same name, a lane with neither weights nor random_weights, and a GPU preset whose frames the
/// network cannot access; and what read_plugin() and recipe_of() throw.
[[nodiscard]] ExtractionPlan plan_extraction(const ExtractOptions& options,
                                             const std::vector<BuiltinLane>& builtin = builtin_lanes());

}  // namespace tvr
