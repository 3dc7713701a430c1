#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "data/progress.h"

struct evp_md_ctx_st;  // OpenSSL's

namespace tvr {

/// SHA-256 as 64 lower-case hex digits.
using Digest = std::string;

[[nodiscard]] Digest sha256(std::string_view bytes);

/// The same, computed incrementally.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes);
  [[nodiscard]] Digest finish();  // call once, at the end

 private:
  evp_md_ctx_st* context_;
};

/// Streams the file: memory use does not depend on its size. Throws Error(Unreadable).
[[nodiscard]] Digest sha256_file(const std::filesystem::path& path);

/// The content hash of a source file, and the size and time by which an unchanged file is recognised without
/// reading it.
struct SourceFingerprint {
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;
  Digest content;  // sha256 of the whole file; the only part that is its identity
};

/// Hashes the file only if its size or time differs from `known`. Throws Error(Unsupported) for anything but
/// a regular file (a FIFO would block), Error(NotFound) if it is missing. `progress` receives the bytes
/// hashed, every 256 KiB.
[[nodiscard]] SourceFingerprint fingerprint_source(
    const std::filesystem::path& path, const std::optional<SourceFingerprint>& known = std::nullopt,
    const Progress& progress = {});

/// Whether the file's size or time differs by now. A deleted file counts as unchanged.
[[nodiscard]] bool has_changed(const std::filesystem::path& path, const SourceFingerprint& since);

}  // namespace tvr
