#pragma once

#include <filesystem>

#include "data/descriptor.h"

namespace tvr {

/// Holds `<store>.lock` for one writer; the system lets go of it when the process ends, however it ends. The
/// file says who holds it.
class StoreLock {
 public:
  /// Throws Error(Busy) naming the holder, Error(Unreadable) when the file cannot be made.
  explicit StoreLock(const std::filesystem::path& store);

 private:
  Descriptor file_;
};

}  // namespace tvr
