#pragma once

#include <filesystem>

#include "data/datasets/dataset.h"

namespace tvr {

/// The files of a data set that has one per split; empty paths: no such split.
struct SplitFiles {
  std::filesystem::path train, val, test;
};

/// The annotations are the training split, --val and --test the others. Throws Error(InvalidArgument) for
/// --train, for a glob of test videos, and where only the test split is used but --test is not given.
[[nodiscard]] SplitFiles split_files(const DatasetSpec& spec);

/// Throws Error(Mismatch) when two splits share a video: what is tested on must not be learned.
void require_disjoint(const DataSet& data);

/// Throws Error(InvalidArgument) for a glob of test videos, which only a CSV of captions takes.
void require_no_glob(const DatasetSpec& spec);

}  // namespace tvr
