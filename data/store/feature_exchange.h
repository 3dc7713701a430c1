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

/// Features between a store and the files of the Python world.

struct ExportReport {
  struct Lane {
    std::string lane;
    std::int64_t dim = 0;
    std::int64_t videos = 0;
    std::int64_t rows = 0;
  };
  std::vector<Lane> lanes;
  std::int64_t incomplete = 0;  // videos that have features in some of these lanes only
};

/// Writes the features that `filter` lets through, one recipe a lane, float16 as they are stored. Files are
/// written aside and renamed. Throws Error(NotFound) when there are none, Error(Mismatch) naming both recipes
/// where a lane has two, Error(InvalidArgument) for ids that would lead out of the folder,
/// Error(Interrupted).
///   npy  a file [T, D] a video and lane; videos that a list of names does not name are left out
///   pth  {lane: {video: [D]}}, the maximum over time, as howto100m's MSR-VTT loader reads it
ExportReport export_npy(const std::filesystem::path& store, const OutcomeFilter& filter,
                        const std::filesystem::path& folder, const FeatureFileNames& names,
                        const Progress& progress = {});
ExportReport export_pth(const std::filesystem::path& store, const OutcomeFilter& filter,
                        const std::filesystem::path& file, const Progress& progress = {});

/// What is known of features that somebody else has made; part of their identity.
struct ImportOptions {
  std::string origin = "unknown";  // what made them, in the user's words
  double rows_per_second = 0;      // rows follow each other at this rate from 0 s on; 0: not known
};

struct ImportReport {
  std::int64_t files = 0;             // or tensors
  std::int64_t imported = 0;          // now
  std::int64_t fresh = 0;             // there already, unchanged
  std::int64_t rows = 0;              // written
  std::vector<std::string> failures;  // "path: words"
};

/// Reads [T, D] or [D] (leading dimensions of size 1 are dropped) of any number type into a store, as
/// float16. The recipe of a lane says that it was imported, `options` and D; its weights are "imported". A
/// file that cannot be taken (damaged, of another width than the first of its lane, beyond float16's range)
/// is a failure, the others go on. Rows whose time is not known have empty spans at 0: they belong to the
/// whole video and to no part of it. Throws Error(Interrupted), and what reading a folder or a .pth and
/// opening a store throws.
ImportReport import_npy(const std::filesystem::path& store, const std::filesystem::path& folder,
                        const FeatureFileNames& names, const ImportOptions& options,
                        const Progress& progress = {});
ImportReport import_pth(const std::filesystem::path& store, const std::filesystem::path& file,
                        const ImportOptions& options, const Progress& progress = {});

}  // namespace tvr
