#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "data/tensors/tensor.h"

namespace tvr {

/// Whether a tensor is wanted, by its name.
using WantedTensor = std::function<bool(const std::string& name)>;

/// The tensors of a `.safetensors` file (huggingface/safetensors: uint64 header length, JSON header, data),
/// in the order of their data. As strict as the format's own reader: no duplicate keys, no holes or overlaps,
/// sizes that match shape and type. `wanted`, if given, says which tensors are read. Throws Error(Corrupt |
/// Unsupported) naming the tensor.
[[nodiscard]] NamedTensors read_safetensors(const std::filesystem::path& path,
                                            const WantedTensor& wanted = {});

}  // namespace tvr
