#pragma once

#include <vector>

#include "data/library_version.h"

namespace tvr {

/// fastText and utf8proc.
[[nodiscard]] std::vector<LibraryVersion> text_libraries();

}  // namespace tvr
