#pragma once

#include <filesystem>

#include "data/tensors/tensor.h"

namespace tvr {

/// A numpy array file, versions 1 to 3 (numpy.lib.format): little-endian numbers; column-major arrays are
/// transposed. Throws Error(NotFound | Corrupt | Unsupported); pickled objects are Error(Unsupported), values
/// that are not finite Error(Corrupt).
[[nodiscard]] Tensor read_npy(const std::filesystem::path& path);

/// Writes version 1.0, row-major, under a temporary name and renames it. Throws Error(Unsupported) for
/// bfloat16, which numpy does not have.
void write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace tvr
