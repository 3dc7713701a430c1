#pragma once

#include <filesystem>

#include "data/tensors/tensor.h"

namespace tvr {

/// A numpy array file, versions 1 to 3 (numpy.lib.format): little-endian numbers; column-major arrays are
/// transposed. Pickled objects are refused. Throws Error(NotFound | Corrupt | Unsupported); Error(Corrupt)
/// also for values that are not finite.
[[nodiscard]] Tensor read_npy(const std::filesystem::path& path);

/// Writes version 1.0, row-major, aside and then renamed. Throws Error(Unsupported) for bfloat16, which numpy
/// has not.
void write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace tvr
