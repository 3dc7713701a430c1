#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/tensors/tensor.h"

namespace tvr {

/// The state dict of a PyTorch file, zip (1.6 and later) or legacy: the dictionary of tensors at its root, or
/// under one of the usual keys of a training checkpoint ("state_dict", "model_state_dict", "model", "net").
/// Names are those in the file. Throws what read_weights() throws.
[[nodiscard]] NamedTensors read_pth(const std::filesystem::path& path);

/// Dictionaries of tensors by name, the format of howto100m's clip features: {'2d': {video_id: tensor}, '3d':
/// {...}}.
using TensorGroups = std::vector<std::pair<std::string, NamedTensors>>;
[[nodiscard]] TensorGroups read_pth_groups(const std::filesystem::path& path);

/// Write files for Python's torch.load (also with weights_only=True): an OrderedDict of tensors, or a dict of
/// dicts of tensors. Written under a temporary name, synced and renamed; equal tensors give equal bytes.
void write_pth(const std::filesystem::path& path, const NamedTensors& tensors);
void write_pth_groups(const std::filesystem::path& path, const TensorGroups& groups);

}  // namespace tvr
