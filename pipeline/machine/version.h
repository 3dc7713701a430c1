#pragma once

#include <string>

namespace tvr {

/// The version of this program: "0.1.0".
[[nodiscard]] const char* program_version() noexcept;
/// The commit that it was built from, "eee93cc"; empty outside of git.
[[nodiscard]] const char* program_commit() noexcept;
/// Both: "0.1.0 (eee93cc)".
[[nodiscard]] std::string program_version_text();

}  // namespace tvr
