#pragma once

#include <filesystem>

#include "data/tensors/tensor.h"

namespace tvr {

/// Reads the weights in `path`: PyTorch `.pth` (zip of 1.6 and later, legacy pickle before), `.safetensors`;
/// the format is told by the content, not by the name. A training checkpoint (`{"state_dict": ...}`,
/// `{"model": ...}`) gives its state dict, and a `module.` prefix that all names share is removed. No code of
/// the file is ever run: the pickle reader knows a short list of globals and refuses the rest by name. Sizes
/// are checked against the file before memory is asked for. Throws Error(Corrupt | Unsupported | Limit |
/// NotFound) naming the global or tensor at fault.
[[nodiscard]] NamedTensors read_weights(const std::filesystem::path& path);

}  // namespace tvr
