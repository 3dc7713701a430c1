#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/progress.h"

namespace tvr {

// What every generated data set does with its folder.

/// Replaces the file as a whole, unless it has this text already: what was made from it knows it by its time.
/// Throws what AtomicFile throws.
void write_demo_text(const std::filesystem::path& path, const std::string& text);

/// Writes `manifest`, which says how the data is generated, as demo.json into a new or empty folder; a folder
/// with an equal manifest is reused. Throws Error(Mismatch) for any other.
void claim_demo_folder(const std::filesystem::path& out, const std::string& manifest);

/// Calls write(i, folder / names[i] + ".mp4"), on all of TBB's threads, for each video that is not there.
/// `unit`: what progress counts. Throws Error(Interrupted) when progress says stop, and what `write` throws.
void write_demo_videos(const std::filesystem::path& folder, const std::vector<std::string>& names,
                       const std::function<void(std::size_t, const std::filesystem::path&)>& write,
                       const char* unit, const Progress& progress);

}  // namespace tvr
