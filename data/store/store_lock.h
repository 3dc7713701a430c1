#pragma once

#include <filesystem>

namespace tvr {

/// Holds `<store>.lock` for one writer; the system releases it when the process ends, however it ends. The
/// file names the holder.
class StoreLock {
 public:
  /// Throws Error(Busy) naming the holder, Error(Unreadable) if the file cannot be created.
  explicit StoreLock(const std::filesystem::path& store);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace tvr
