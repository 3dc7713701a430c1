#pragma once

#include <filesystem>

#include "data/descriptor.h"

namespace tvr {

/// Holds `<store>.lock` for one writer; the system releases it when the process ends, however it ends. The
/// lock lies beside the file that the path leads to, whatever the links on the way, so that a store has one.
/// The file names the holder; one with another content is locked and left as it is.
class StoreLock {
 public:
  /// Throws Error(Busy) naming the holder, Error(Unreadable) if the file cannot be created,
  /// Error(Unsupported) if it is a link or no regular file, and what resolved_store() throws.
  explicit StoreLock(const std::filesystem::path& store);

 private:
  Descriptor file_;
};

}  // namespace tvr
