#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tvr {

/// A part of a file.
struct ByteRange {
  std::int64_t begin = 0;
  std::int64_t size = 0;  // 0: none of the requested bytes exist
};

/// The part of `size` >= 1 bytes that the field value `range` asks for (RFC 9110, section 14). nullopt: the
/// whole, where there is no such field, it has another unit or violates the grammar, or asks for several
/// parts.
[[nodiscard]] std::optional<ByteRange> requested_range(std::string_view range, std::int64_t size);

/// Whether `etag` is in the list of an If-None-Match field, by the weak comparison (RFC 9110, 13.1.2).
[[nodiscard]] bool lists_etag(std::string_view field, std::string_view etag);

}  // namespace tvr
