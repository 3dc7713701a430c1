#pragma once

#include <filesystem>

#include "pipeline/run/run_manifest.h"

namespace tvr {

// Runs of version 0.1, which wrote config.toml but no run.json. To be deleted one version later.

/// A finished run without run.json.
[[nodiscard]] bool is_old_run(const std::filesystem::path& folder);

/// The manifest that its config.toml amounts to. The recipes of its lanes are looked up in its store, or in
/// `other_store` if that is gone; `other_words`, if given, replaces its word vectors. Throws Error(Corrupt)
/// for a damaged config.toml, Error(Mismatch) when the store's features have other recipes, and what
/// choose_recipes() throws.
[[nodiscard]] RunManifest old_run(const std::filesystem::path& folder,
                                  const std::filesystem::path& other_store,
                                  const std::filesystem::path& other_words);

}  // namespace tvr
