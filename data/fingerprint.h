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

/// The same, of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes);
  [[nodiscard]] Digest finish();  // once, at the end

 private:
  evp_md_ctx_st* context_;
};

/// Streams the file; memory does not grow with its size. Throws Error(Unreadable).
[[nodiscard]] Digest sha256_file(const std::filesystem::path& path);

/// The content of a source file and the cheap marks by which an unchanged file is known without reading it.
struct SourceFingerprint {
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;
  Digest content;  // sha256 of the whole file; this alone is the identity
};

/// Reads the file's content only if its size or time differs from `known`. Refuses anything but a regular
/// file (a FIFO would block) with Error(Unsupported); a missing file is Error(NotFound). `progress` is told
/// how many bytes are hashed, every 256 KiB.
[[nodiscard]] SourceFingerprint fingerprint_source(
    const std::filesystem::path& path, const std::optional<SourceFingerprint>& known = std::nullopt,
    const Progress& progress = {});

/// Whether the file has another size or time by now. One that is gone has not changed.
[[nodiscard]] bool has_changed(const std::filesystem::path& path, const SourceFingerprint& since);

}  // namespace tvr
