#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "data/descriptor.h"

namespace tvr {

/// Bytes on disk instead of in memory, in an unnamed file that is deleted with this object or the process.
class SpillFile {
 public:
  /// Throws Error(Unreadable) if no file can be created in `folder`.
  explicit SpillFile(const std::filesystem::path& folder);

  /// Bytes that were never written read as zeros. Both throw Error(Unreadable).
  void write(std::int64_t offset, const void* from, std::size_t bytes);
  void read(std::int64_t offset, void* to, std::size_t bytes) const;

 private:
  [[noreturn]] void fail(const char* what) const;
  std::string folder_;
  Descriptor descriptor_;
};

}  // namespace tvr
