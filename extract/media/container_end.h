#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tvr {

/// Whether a file of `file_bytes` ends before the end that its header declares: the size of the RIFF chunk
/// (AVI; Microsoft's RIFF), of the Matroska segment (RFC 9559), or whole MPEG-TS packets of 188 bytes (ISO
/// 13818-1). libav reads such a file to its end without an error. Always false for other containers.
///   head  the first 512 bytes of the file, or all of a shorter one
[[nodiscard]] bool ends_early(std::string_view head, std::int64_t file_bytes) noexcept;

/// As much of the end of an Ogg file as holds a whole page before a last one that is cut.
constexpr std::int64_t kOggTail = 1 << 17;

/// Whether a file ends within a page of Ogg (RFC 3533), which follows a whole one. That the last page is not
/// flagged as the end of its stream says nothing: many writers forget it.
///   tail  the last kOggTail bytes of the file, or all of a shorter one
[[nodiscard]] bool ogg_ends_early(std::string_view tail) noexcept;

}  // namespace tvr
