#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/descriptor.h"

namespace tvr {

/// A regular file, memory-mapped read-only: opened at once whatever its size, pages are read on access.
///
/// What another program does to the file shows in the mapping, and reading a page that has been cut off
/// raises SIGBUS. The first file that is mapped installs a handler which puts zeros in place of what is lost,
/// so that readers go on (they check what they read, as the file may be a stranger's) and then learn the
/// truth from require_unchanged(). A copy would have to be as large as the file (3.6 GB for the usual word
/// vectors), and jumping out of the handler would skip destructors.
class MappedFile {
 public:
  /// Throws Error(NotFound | Unreadable), Error(Unsupported) for anything but a regular file, Error(Limit)
  /// when 64 files are mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::string_view bytes() const noexcept { return {data_, size_}; }

  /// Throws Error(Unreadable) if the file has been written to or cut since it was mapped, or part of it could
  /// not be read: what was read from it may be wrong. Call it after reading, before the result is used.
  void require_unchanged() const;

  /// Releases the memory of the first `end` bytes. They can still be read, which loads them from the file
  /// again.
  void release_before(std::size_t end) const noexcept;

 private:
  std::string name_;
  Descriptor file_;
  struct stat status_ {};
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t place_ = 0;  // among the ranges that the handler knows
};

}  // namespace tvr
