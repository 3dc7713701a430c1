#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/progress.h"
#include "data/store/feature_files.h"
#include "data/store/feature_store.h"
#include "data/store/store_inspector.h"

namespace tvr {

/// Import and export of features as numpy and PyTorch files.

struct ExportReport {
  struct Lane {
    std::string lane;
    std::int64_t dim = 0;
    std::int64_t videos = 0;
    std::int64_t rows = 0;
  };
  std::vector<Lane> lanes;
  std::int64_t incomplete = 0;        // videos with features in only some of these lanes
  std::vector<std::string> failures;  // "path: message": names too long for a file
};

/// Writes the features selected by `filter`, one recipe per lane, float16 as stored. Files are written under
/// a temporary name and renamed. Throws Error(NotFound) if there are none, Error(Mismatch) naming both
/// recipes if a lane has two, Error(Corrupt) for ids that would lead out of the folder,
/// Error(Unsupported) for a link among the folders below it, Error(Interrupted).
/// A video whose name is too long for a file is listed as a failure, and the export continues.
///   npy  one file [T, D] per video and lane; videos that are not in the list, if there is one, are left out
/// Videos go by their names, in a .pth by their ids where a name is not UTF-8.
///   embeddings  per lane one file LANE.npy [N, D] of the rows of all videos, and LANE.csv with a line per
///   row
///        in the same order: row, video, start_s, end_s (empty where the time is unknown), path
///   pth  {lane: {video: [D]}}, the maximum over time, as howto100m's MSR-VTT loader reads it
ExportReport export_npy(const std::filesystem::path& store, const OutcomeFilter& filter,
                        const std::filesystem::path& folder, const FeatureFileNames& names,
                        const Progress& progress = {});
ExportReport export_embeddings(const std::filesystem::path& store, const OutcomeFilter& filter,
                               const std::filesystem::path& folder, const Progress& progress = {});
ExportReport export_pth(const std::filesystem::path& store, const OutcomeFilter& filter,
                        const std::filesystem::path& file, const Progress& progress = {});

/// Provenance of imported features; part of their recipe.
struct ImportOptions {
  std::string origin = "unknown";  // what made them, as stated by the user
  double rows_per_second = 0;      // rows follow each other at this rate from 0 s; 0: unknown
};

/// The recipe of imported features.
[[nodiscard]] Recipe imported_recipe(const std::string& lane, std::int64_t dim, const ImportOptions& options);

struct ImportReport {
  std::int64_t files = 0;             // or tensors
  std::int64_t imported = 0;          // by this import
  std::int64_t fresh = 0;             // already in the store, unchanged
  std::int64_t rows = 0;              // rows written
  std::int64_t vanished = 0;          // values of those rows that are too small for float16 and became 0
  std::vector<std::string> failures;  // "path: message"
};

/// From an .npy per video, a .pth {lane: {video: tensor}}, or a .pkl of howto100m's pooled clips
/// (PooledClips), each of which becomes a video of its own with one row per lane. Reads [T, D] or [D]
/// (leading dimensions of size 1 are dropped) of any number type into a store, as float16. The recipe of a
/// lane states that it was imported, `options` and D; its weights are "imported". A file that cannot be
/// imported (damaged, of another width than the first of its lane, beyond float16's range, or with a row too
/// small for it to be kept) is listed as a failure, and the import continues. Rows of unknown time have empty
/// spans at 0: they belong to the whole video and to no part of it. Throws Error(Interrupted), and what
/// reading a folder or a .pth and opening a store throw.
ImportReport import_npy(const std::filesystem::path& store, const std::filesystem::path& folder,
                        const FeatureFileNames& names, const ImportOptions& options,
                        const Progress& progress = {});
ImportReport import_pth(const std::filesystem::path& store, const std::filesystem::path& file,
                        const ImportOptions& options, const Progress& progress = {});
ImportReport import_pkl(const std::filesystem::path& store, const std::filesystem::path& file,
                        const ImportOptions& options, const Progress& progress = {});

}  // namespace tvr
