#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace tvr {

/// A regular file mapped into memory read-only: opened at once whatever its size, read where it is looked at.
/// The file must not be cut while it is mapped.
class MappedFile {
 public:
  /// Throws Error(NotFound | Unreadable), Error(Unsupported) for what is not a regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::string_view bytes() const noexcept { return {data_, size_}; }

  /// Says that the first `end` bytes were read and need not stay in memory. They can be read again, at the
  /// price of another look at the file.
  void release_before(std::size_t end) const noexcept;

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tvr
