#pragma once

#include <filesystem>

namespace tvr {

/// Whether the file has a store's tables yet: one that is about to be written is empty, and no store. Throws
/// what opening a store throws.
[[nodiscard]] bool has_begun(const std::filesystem::path& store);

/// A copy of a store as it is at one moment, also while it is written: SQLite's online backup. `to` is
/// replaced. Throws what opening a store throws, and write errors.
void back_up_store(const std::filesystem::path& from, const std::filesystem::path& to);

/// Copies the file of a closed store byte by byte: readers of `to` see what was there before or the whole
/// copy. A log that a killed program has left beside `to` is removed just before, as SQLite would take it for
/// one of the copy. Needs nothing of the file systems but writing and renaming. Throws Error(NotFound |
/// Unreadable), write_error().
void copy_closed_store(const std::filesystem::path& from, const std::filesystem::path& to);

/// Removes a store and the files that SQLite keeps beside it. What is not there is no error.
void remove_store(const std::filesystem::path& store);

}  // namespace tvr
