#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/matrix.h"
#include "data/precision.h"
#include "extract/clip.h"
#include "extract/lane.h"

namespace tvr {

enum class Device { Auto, Cpu, Cuda };

struct BackboneOptions {
  // A name of backbone_names(), the manifest of a plug-in (plugin.h), or the folder of an encoder pair
  // (tower_backbone.h).
  std::string model = "resnet152";
  std::filesystem::path weights;  // .pth or .safetensors; empty: seeded random weights
  std::uint64_t random_seed = 1;  // only used without weights
  Precision precision = Precision::Fp32;
  // Below: affects speed only, never the features.
  Device device = Device::Auto;  // Auto: a GPU if one is usable. Plug-ins run on the CPU
  int gpu = 0;                   // device number, with Device::Cuda
};

/// Names of the built-in networks, with the lane they were made for: {"resnet152", "2d"}, {"resnext101",
/// "3d"}, ...
struct BackboneName {
  std::string model;
  std::string lane;
};
[[nodiscard]] std::vector<BackboneName> backbone_names();

/// A frozen network in evaluation mode: clips of one size in, one row per clip out.
class Backbone {
 public:
  virtual ~Backbone() = default;
  [[nodiscard]] virtual int dim() const noexcept = 0;
  /// Frames per clip; shorter clips are padded with zeros before the normalisation.
  [[nodiscard]] virtual int clip_frames() const noexcept = 0;
  /// clips: one or more, of equal height and width. Returns [N, dim] float32, not normalised. On the CPU it
  /// uses the calling thread only. Thread-safe. The other clips in a batch change a row by rounding only
  /// (1e-5 relative).
  [[nodiscard]] virtual Matrix forward(const std::vector<const Clip*>& clips) const = 0;
};

/// "sha256:<hex>" of the weights file (for a plug-in: plugin_id()), or "random:seed=<n>": part of the recipe.
/// Hashes the file.
[[nodiscard]] std::string weights_id(const BackboneOptions& options);

/// Throws Error(InvalidArgument) for an unknown model (naming the known ones), Error(Mismatch) naming the
/// first missing, unexpected or misshapen tensor in the weights, Error(Unsupported) for bf16 on a CPU without
/// it, and what read_weights() and read_plugin() throw.
[[nodiscard]] std::unique_ptr<Backbone> load_backbone(const BackboneOptions& options);

}  // namespace tvr
