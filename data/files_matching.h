#pragma once

#include <filesystem>
#include <vector>

namespace tvr {

/// The files whose paths match the glob `pattern` (* ? [abc]), in natural order of their names: e2 before
/// e10. A path that exists is itself, whatever characters it has. Empty: none matches.
[[nodiscard]] std::vector<std::filesystem::path> files_matching(const std::filesystem::path& pattern);

}  // namespace tvr
