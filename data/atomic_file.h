#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/descriptor.h"

namespace tvr {

/// A file that is written aside and takes its name at commit(): readers see the old content or the whole new
/// one, also after a crash or on a full disk. Writers of one file take turns, and each begins where a killed
/// one has left off with nothing of it. Every method throws Error(Unreadable) with the system's words.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // without commit() nothing has happened
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void write(std::string_view text) { write(text.data(), text.size()); }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// Where it lies until then: for a library that writes to a path.
  [[nodiscard]] const std::string& aside() const noexcept { return aside_; }
  /// Syncs and renames. Nothing may be written after it.
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_;
  std::string aside_;  // locked while it is written
  Descriptor descriptor_;
  std::uint64_t written_ = 0;
};

}  // namespace tvr
