#pragma once

#include <filesystem>

#include "data/descriptor.h"

namespace tvr {

/// Holds `<store>.lock` for one writer; the system releases it when the process ends, however it ends. The
/// file names the holder.
class StoreLock {
 public:
  /// Throws Error(Busy) naming the holder, Error(Unreadable) if the file cannot be created.
  explicit StoreLock(const std::filesystem::path& store);

 private:
  Descriptor file_;
};

}  // namespace tvr
