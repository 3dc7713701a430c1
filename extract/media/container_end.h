#pragma once

#include <cstdint>
#include <string_view>

namespace tvr {

/// Whether a file of `file_bytes` ends before the end that its header declares: the size of the RIFF chunk
/// (AVI; Microsoft's RIFF), of the Matroska segment (RFC 9559), or whole MPEG-TS packets of 188 bytes (ISO
/// 13818-1). libav reads such a file to its end without an error. Always false for other containers.
///   head  the first 512 bytes of the file, or all of a shorter one
[[nodiscard]] bool ends_early(std::string_view head, std::int64_t file_bytes) noexcept;

}  // namespace tvr
