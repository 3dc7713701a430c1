#pragma once

#include <filesystem>

#include "data/tensors/safetensors.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// Reads the weights in `path`: PyTorch `.pth` (zip since 1.6, legacy pickle before) or `.safetensors`,
/// recognised by content, not by name. A training checkpoint (`{"state_dict": ...}`, `{"model": ...}`) gives
/// its state dict, and a `module.` prefix shared by all names is removed. Code in the file is never executed:
/// the pickle reader has a short list of allowed globals and refuses others by name. Sizes are checked
/// against the file before memory is allocated. Throws Error(Corrupt | Unsupported | Limit | NotFound) naming
/// the global or tensor at fault. `wanted`, if given, says by its name in the file whether a tensor is read.
[[nodiscard]] NamedTensors read_weights(const std::filesystem::path& path, const WantedTensor& wanted = {});

}  // namespace tvr
