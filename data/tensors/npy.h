#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/atomic_file.h"
#include "data/tensors/tensor.h"

namespace tvr {

/// A numpy array file, versions 1 to 3 (numpy.lib.format): little-endian numbers; column-major arrays are
/// transposed. Throws Error(NotFound | Corrupt | Unsupported); pickled objects are Error(Unsupported), values
/// that are not finite Error(Corrupt).
[[nodiscard]] Tensor read_npy(const std::filesystem::path& path);

/// Writes an array piece by piece: version 1.0, row-major, little-endian, under a temporary name that
/// commit() changes. Throws Error(Unsupported) for bfloat16, which numpy does not have, Error(Mismatch)
/// unless the pieces have as many values as the shape, write_error().
class NpyWriter {
 public:
  NpyWriter(const std::filesystem::path& path, DType dtype, const std::vector<std::int64_t>& shape);
  void write(const void* bytes, std::size_t count);
  void commit();

 private:
  std::string path_;
  AtomicFile file_;
  std::uint64_t left_;  // bytes that are still to be written
};

/// The same at once.
void write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace tvr
