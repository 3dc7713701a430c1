#pragma once

#include <string>
#include <vector>

#include "data/library_version.h"

namespace tvr {

/// Every library that the program uses, in the order of the source folders.
[[nodiscard]] std::vector<LibraryVersion> library_versions();

/// "2021.8": the version at run time, with its remark and, if different, the version compiled against.
[[nodiscard]] std::string text_of(const LibraryVersion& library);

}  // namespace tvr
