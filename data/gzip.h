#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tvr {

/// Whether these bytes begin as a gzip file does (RFC 1952).
[[nodiscard]] bool is_gzip(std::string_view bytes) noexcept;

/// What a gzip file of one or more members holds. Throws Error(Corrupt) for damaged or cut bytes and
/// Error(Limit) for more than `most_bytes` of content, `where` being the file's name.
[[nodiscard]] std::string gunzip(std::string_view bytes, const std::string& where, std::size_t most_bytes);

}  // namespace tvr
