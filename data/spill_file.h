#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "data/descriptor.h"

namespace tvr {

/// Bytes on disk instead of in memory, in a file without a name: it goes when this goes, or the process.
class SpillFile {
 public:
  /// Throws Error(Unreadable) where no file can be made in `folder`.
  explicit SpillFile(const std::filesystem::path& folder);

  /// What was never written before reads as zeros. Throw Error(Unreadable).
  void write(std::int64_t offset, const void* from, std::size_t bytes);
  void read(std::int64_t offset, void* to, std::size_t bytes) const;

 private:
  [[noreturn]] void fail(const char* what) const;
  std::string folder_;
  Descriptor descriptor_;
};

}  // namespace tvr
