#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/datasets/video_selection.h"
#include "extract/lane.h"
#include "extract/media/clip_stream.h"
#include "extract/networks/backbone.h"

namespace tvr {

/// Which networks see the videos, and how. All of it is part of a feature's identity.
struct FeatureOptions {
  std::vector<std::string> lanes = {"2d", "3d"};  // or manifests of plug-ins, FILE.json
  std::string preset = "ffmpeg5";                 // a name of preset_names()
  std::string model_2d = "resnet152";
  std::string model_3d = "resnext101";
  std::filesystem::path weights_2d, weights_3d;
  bool random_weights = false;  // allow networks without weights
  std::uint64_t random_seed = 1;
  std::string precision = "fp32";  // fp32 | bf16; on a GPU also fp16 | tf32
  bool legacy_rotation = false;
};

/// How the work is done; none of it changes a feature.
struct SpeedOptions {
  std::string device = "auto";  // as devices_named() reads it
  int jobs = 0;                 // videos worked on at once; 0: one a core
  int batch_size = 0;           // clips of equal size that share a pass through a network, across videos;
                                // 0: 64 on a GPU, 1 on the processor
  DecodeLimits limits;          // budgets a video
};

/// Which videos go where.
struct ExtractOptions {
  VideoSelection videos;
  std::filesystem::path store;
  bool retry_failed = false;  // try again what failed before
  FeatureOptions features;
  SpeedOptions speed;
};

/// What --device means: "auto", "cpu", "cuda" (the first GPU), "cuda:1", "cuda:0,1". Throws
/// Error(InvalidArgument) for anything else. Whether the GPUs are there is not looked at.
struct Devices {
  Device kind = Device::Auto;
  std::vector<int> gpus = {0};  // distinct; with Device::Cpu without meaning
};
[[nodiscard]] Devices devices_named(const std::string& name);
/// Whether networks run on a GPU: one is asked for, or none named and one is there.
[[nodiscard]] bool uses_gpu(const SpeedOptions& speed);

/// The lanes and networks that `options` name, on the first device. Throws Error(InvalidArgument) for a lane
/// that has neither weights nor leave to use random ones, for two of one name, for a preset of the GPU whose
/// pictures the network could not see, and what read_plugin() throws.
struct Lane {
  LaneOptions sampling;
  BackboneOptions network;
};
[[nodiscard]] std::vector<Lane> lanes_of(const FeatureOptions& options, const SpeedOptions& speed);

}  // namespace tvr
