#pragma once

#include <filesystem>
#include <memory>

#include "data/narrations/narration_source.h"

namespace tvr {

// MIL-NCE's narrations: a CSV a video, ID.csv, with a header that has `start`, `end` and `text` in any order
// and among others (data/csv.h). A cell of `text` that is empty is no text. Other files are passed over.

/// Of one such file. Throws what CsvTable throws, Error(Corrupt) for a time that is no number.
[[nodiscard]] Narration read_narration_csv(const std::filesystem::path& path);

/// Of a folder, in the order of their names. Throws Error(NotFound) when it holds none.
[[nodiscard]] std::unique_ptr<NarrationSource> open_narration_folder(const std::filesystem::path& folder);

/// Of a zip, stored or deflated, in its order. Throws Error(NotFound) when it holds none.
[[nodiscard]] std::unique_ptr<NarrationSource> open_narration_zip(const std::filesystem::path& path);

}  // namespace tvr
