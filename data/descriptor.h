#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace tvr {

/// Owns a file descriptor, or none (-1). The only place that calls close().
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    other.reset();
    return *this;
  }

  [[nodiscard]] int get() const& noexcept { return descriptor_; }
  int get() && = delete;  // it would be closed already
  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  void reset() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_ = -1;
};

/// Opens a regular file for reading; never waits, as opening a FIFO would. Throws Error(NotFound |
/// Unreadable), Error(Unsupported) for what is not a regular file, and Error(Machine) where descriptors or
/// memory have run out, which says nothing about the file.
[[nodiscard]] Descriptor open_regular(const std::filesystem::path& path);

/// Creates an empty file under this name for writing, in place of what has the name: a link there is removed,
/// never followed. For a file that is read while it grows; others are written by AtomicFile. Throws
/// write_error().
[[nodiscard]] Descriptor replace_by_empty(const std::filesystem::path& path);

/// fstat() of the file, called `name` in errors. Throws Error(Unreadable).
[[nodiscard]] struct stat status_of(const Descriptor& file, const std::string& name);

/// Reads on until `to` is full; returns the number of bytes, fewer than asked for only at the end. Throws
/// Error(Unreadable), which calls the file `name`.
[[nodiscard]] std::size_t read_all(const Descriptor& from, void* to, std::size_t bytes,
                                   const std::string& name);

/// Writes all of `bytes`. Throws write_error(), which calls the file `name`.
void write_all(const Descriptor& to, std::string_view bytes, const std::string& name);

}  // namespace tvr
