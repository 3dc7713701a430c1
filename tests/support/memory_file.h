#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace tvr::testing {

/// A file in memory with a path, for readers that take nothing else: thousands of contents a second.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("test", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::runtime_error("no memory file");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Replaces the content; gives the path.
  std::filesystem::path hold(const void* bytes, std::size_t count) {
    const bool held =
        ftruncate(descriptor_, 0) == 0 && pwrite(descriptor_, bytes, count, 0) == static_cast<ssize_t>(count);
    if (!held) throw std::runtime_error("the memory file cannot be written");
    return "/proc/self/fd/" + std::to_string(descriptor_);
  }
  std::filesystem::path hold(const std::string& bytes) { return hold(bytes.data(), bytes.size()); }

 private:
  int descriptor_;
};

}  // namespace tvr::testing
