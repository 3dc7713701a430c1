#pragma once

#include <filesystem>

#include "data/tensors/tensor.h"

namespace tvr {

/// The tensors of a `.safetensors` file (huggingface/safetensors: uint64 header length, JSON header, data),
/// in the order of their data. As strict as the format's own reader: no duplicate keys, no holes or overlaps,
/// sizes that match shape and type. Throws Error(Corrupt | Unsupported) naming the tensor.
[[nodiscard]] NamedTensors read_safetensors(const std::filesystem::path& path);

}  // namespace tvr
