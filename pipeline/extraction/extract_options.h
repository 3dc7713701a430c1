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

/// The network of a built-in lane where it is not the lane's own.
struct NetworkChoice {
  std::string model;              // a name of backbone_names(); empty: the lane's own
  std::filesystem::path weights;  // .pth or .safetensors; empty: none
};

/// Which networks see the videos, and how. All of it is part of a feature's identity.
struct FeatureOptions {
  std::vector<std::string> lanes = {"2d", "3d"};  // names of built-in lanes, manifests of plug-ins
  std::map<std::string, NetworkChoice> networks;  // by built-in lane
  bool random_weights = false;                    // allow networks without weights
  std::uint64_t random_seed = 1;
  Preset preset = Preset::Ffmpeg5;
  Precision precision = Precision::Fp32;
  bool legacy_rotation = false;
};

/// How the work is done; none of it changes a feature.
struct SpeedOptions {
  Devices devices;
  int jobs = 0;         // videos worked on at once; 0: one per core
  int clip_batch = 0;   // clips of equal size that share a pass through a network, across videos; 0: 64 on a
                        // GPU, 1 on the CPU
  DecodeLimits limits;  // budgets per video
};

/// Which videos go where.
struct ExtractOptions {
  VideoSelection videos;
  std::filesystem::path store;
  bool retry_failed = false;  // try again what failed before
  FeatureOptions features;
  SpeedOptions speed;
};

/// A lane and the identity of its features.
struct PlannedLane {
  LaneSpec spec;
  Recipe recipe;
};

/// An extraction with every option resolved and every weights file hashed: made once, handed on as it is.
struct ExtractionPlan {
  std::vector<PlannedLane> lanes;  // at least one; names are distinct
  SpeedOptions speed;
  std::filesystem::path spill_folder;  // for the rows of long videos until they are complete
  bool retry_failed = false;
};

/// Resolves `options`; `builtin` are the lanes that can be named. Throws Error(InvalidArgument) for an
/// unknown lane, two lanes of one name, a lane that has neither weights nor leave to use random ones, and a
/// preset of the GPU whose frames the network could not see; and what read_plugin() and recipe_of() throw.
[[nodiscard]] ExtractionPlan plan_extraction(const ExtractOptions& options,
                                             const std::vector<BuiltinLane>& builtin = builtin_lanes());

}  // namespace tvr
