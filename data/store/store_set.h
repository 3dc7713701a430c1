#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "data/store/feature_reader.h"

namespace tvr {

/// Whether `path` is a pattern (* ? [abc]) rather than a file.
[[nodiscard]] bool is_store_set(const std::filesystem::path& path);

/// The stores that a path names: itself, or all that match it as a pattern, in natural order. Throws
/// Error(NotFound) when none does.
[[nodiscard]] std::vector<std::filesystem::path> stores_of(const std::filesystem::path& path);

/// Reads several stores as one, whose content digest is that of the merged store. At most 128 of them are
/// open at a time, and fewer where descriptors run out. Throws what StoreCatalog::of() throws.
[[nodiscard]] std::unique_ptr<FeatureReader> open_store_set(const std::vector<std::filesystem::path>& files);

}  // namespace tvr
