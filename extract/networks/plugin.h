#pragma once

#include <filesystem>
#include <string>

#include "extract/lane.h"

namespace tvr {

/// A network of the user's own: a TorchScript module and what it wants to see, told by a manifest, a JSON
/// file (docs/PLUGINS.md). It is a lane by itself.
struct Plugin {
  LaneOptions sampling;  // its name is the lane's
  Normalization normalization;
  std::filesystem::path module;  // a file of torch.jit.save
  int dim = 0;                   // columns of its rows
};

/// Whether a model's name is the path of a manifest: it ends in ".json".
[[nodiscard]] bool is_plugin(const std::string& model);

/// Throws Error(NotFound | Unreadable) for a file that is not there, Error(Corrupt) for one that is not JSON,
/// Error(InvalidArgument) naming the key that is missing, unknown or out of its range.
[[nodiscard]] Plugin read_plugin(const std::filesystem::path& manifest);

/// "torchscript sha256:<hex of the module> manifest sha256:<hex>": for the recipe. Hashes both files.
[[nodiscard]] std::string plugin_id(const std::filesystem::path& manifest);

}  // namespace tvr
