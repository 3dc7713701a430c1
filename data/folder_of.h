#pragma once

#include <filesystem>

namespace tvr {

/// Creates the folders between `folder` and `file`, which lies below it. Throws Error(Unsupported) for a link
/// among them, which would lead the file to somewhere else.
void make_folder_of(const std::filesystem::path& file, const std::filesystem::path& folder);

}  // namespace tvr
