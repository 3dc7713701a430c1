#pragma once

#include <filesystem>

#include "pipeline/run/run_manifest.h"

namespace tvr {

// Folders of version 0.1, which wrote config.toml alone. To be deleted one version later.

/// A finished run without run.json.
[[nodiscard]] bool is_old_run(const std::filesystem::path& folder);

/// What its config.toml says, as run.json has it. The recipes of its lanes are looked up in its store, or in
/// `other_store` where that is gone. Throws Error(Corrupt) for a damaged config.toml, Error(Mismatch) when
/// the store's features are by other recipes, and what choose_recipes() throws.
[[nodiscard]] RunManifest old_run(const std::filesystem::path& folder,
                                  const std::filesystem::path& other_store);

}  // namespace tvr
