#pragma once

#include <optional>
#include <string_view>

namespace tvr {

/// A kind of file that is often found under the name of another one, and how to get what is wanted.
struct ForeignFile {
  const char* is;  // a noun: "an HDF5 file"
  const char* advice;
};

/// Recognises archives, other programs' data and failed downloads by a file's first bytes; nullopt: none.
[[nodiscard]] std::optional<ForeignFile> foreign_file(std::string_view bytes) noexcept;

}  // namespace tvr
