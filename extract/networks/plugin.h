#pragma once

#include <filesystem>
#include <string>

#include "extract/lane.h"

namespace tvr {

/// A user-supplied network: a TorchScript module and the frames it needs, described by a JSON manifest
/// (docs/PLUGINS.md). It forms a lane of its own.
struct Plugin {
  LaneOptions sampling;  // its name is the lane's name
  Normalization normalization;
  std::filesystem::path module;  // written by torch.jit.save
  int dim = 0;                   // columns per row
};

/// Whether a model name is the path of a manifest: it ends in ".json".
[[nodiscard]] bool is_plugin(const std::string& model);

/// Throws Error(NotFound | Unreadable) if the file cannot be opened, Error(Corrupt) if it is not JSON,
/// Error(InvalidArgument) naming the key that is missing, unknown or out of range.
[[nodiscard]] Plugin read_plugin(const std::filesystem::path& manifest);

/// "torchscript sha256:<hex of the module> manifest sha256:<hex>": part of the recipe. Hashes both files.
[[nodiscard]] std::string plugin_id(const std::filesystem::path& manifest);

}  // namespace tvr
