#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/descriptor.h"

namespace tvr {

/// Writes a file under a temporary name and renames it at commit(): readers see the old or the whole new
/// content, also after a crash or on a full disk. Writers of the same path take turns (flock). What a killed
/// writer left behind is truncated, never continued. All methods throw Error(Unreadable) with the system's
/// message.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // without commit() the target is unchanged
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void write(std::string_view text) { write(text.data(), text.size()); }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// The temporary path until commit(): for a library that writes to a path.
  [[nodiscard]] const std::string& aside() const noexcept { return aside_; }
  /// Syncs and renames. Do not write after it.
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_;
  std::string aside_;  // locked while it is written
  Descriptor descriptor_;
  std::uint64_t written_ = 0;
};

}  // namespace tvr
