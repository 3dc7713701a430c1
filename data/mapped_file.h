#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace tvr {

/// A regular file, memory-mapped read-only: opened at once whatever its size, pages are read on access. The
/// file must not be truncated while it is mapped.
class MappedFile {
 public:
  /// Throws Error(NotFound | Unreadable), Error(Unsupported) for anything but a regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::string_view bytes() const noexcept { return {data_, size_}; }

  /// Releases the memory of the first `end` bytes. They can still be read, which loads them from the file
  /// again.
  void release_before(std::size_t end) const noexcept;

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tvr
