#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/descriptor.h"

namespace tvr {

/// Writes a file aside and gives it its name at commit(): readers see the old or the whole new content, also
/// after a crash or on a full disk; of several writers of one name the last to commit wins. Until then the
/// file has no name at all, so that nobody can have put a link in its place and a killed writer leaves
/// nothing behind; on a file system without nameless files it has a random one beside the target. A link at
/// the target is replaced, never followed. A folder, FIFO, socket or device there is not: Error(Unsupported).
/// All methods throw write_error().
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // without commit() the target is unchanged
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void write(std::string_view text) { write(text.data(), text.size()); }
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  /// A path to the file until commit(): for a library that writes to a path.
  [[nodiscard]] const std::string& aside() const noexcept { return aside_; }
  /// Syncs and names it. Do not write after it.
  void commit();
  /// The same where nothing has the name yet; false, and nothing is named, where something has.
  [[nodiscard]] bool commit_new();

 private:
  void open_named();
  void sync_and_name();
  void sync_folder();
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_, folder_;
  std::string aside_;
  std::filesystem::path temporary_;  // its name until commit(); empty: none
  Descriptor descriptor_;
  std::uint64_t written_ = 0;
};

}  // namespace tvr
