#pragma once

#include <string>
#include <vector>

#include "data/library_version.h"

namespace tvr {

/// Every library the program stands on, in the order of the rooms.
[[nodiscard]] std::vector<LibraryVersion> library_versions();

/// "2021.8": the version that runs, with its remark and, where it is another one, that compiled against.
[[nodiscard]] std::string text_of(const LibraryVersion& library);

}  // namespace tvr
