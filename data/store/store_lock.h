#pragma once

#include <filesystem>

namespace tvr {

/// Holds `<store>.lock` for one writer; the system lets go of it when the process ends, however it ends. The
/// file says who holds it.
class StoreLock {
 public:
  /// Throws Error(Busy) naming the holder, Error(Unreadable) when the file cannot be made.
  explicit StoreLock(const std::filesystem::path& store);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace tvr
