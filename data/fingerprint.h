#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tvr {

/// SHA-256 as 64 lower-case hex digits.
using Digest = std::string;

[[nodiscard]] Digest sha256(std::string_view bytes);
/// Streams the file; memory does not grow with its size. Throws Error(Unreadable).
[[nodiscard]] Digest sha256_file(const std::filesystem::path& path);

/// The content of a source file and the cheap marks by which an unchanged file is known without reading it.
struct SourceFingerprint {
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;
  Digest content;  // sha256 of the whole file; this alone is the identity
};

/// Reads the file's content only if its size or time differs from `known`. Refuses anything but a regular
/// file (a FIFO would block) with Error(Unsupported); a missing file is Error(NotFound).
[[nodiscard]] SourceFingerprint fingerprint_source(
    const std::filesystem::path& path, const std::optional<SourceFingerprint>& known = std::nullopt);

}  // namespace tvr
