#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tvr {

/// MSR-VTT's annotations have 22 MiB.
constexpr std::uintmax_t kMostTextBytes = std::uintmax_t{256} << 20;

/// The bytes of a regular file of at most `most_bytes`, without a UTF-8 byte order mark; of a gzip file those
/// that it holds, at most as many. Throws
/// Error(NotFound | Unreadable | Limit), and Error(Unsupported) for UTF-16 and for anything but a regular
/// file (a FIFO would block).
[[nodiscard]] std::string read_text_file(const std::filesystem::path& path,
                                         std::uintmax_t most_bytes = kMostTextBytes);

/// Offset of the first byte that is not well-formed UTF-8 (RFC 3629); std::string_view::npos if there is
/// none.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text) noexcept;

/// `text` without surrounding blanks, tabs and line breaks.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

}  // namespace tvr
