#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/datasets/caption.h"
#include "data/datasets/datasets.h"

namespace tvr {

/// The data set to read; empty paths: not given.
struct DatasetSpec {
  std::string format;                 // a name of dataset_formats(); empty: detected from the content
  std::filesystem::path annotations;  // the annotation file
  std::filesystem::path train, val,
      test;                    // lists of videos that override its splits, if the format has lists
  CaptionSplit split;          // for captions without splits
  bool legacy_quotes = false;  // LSMDC: quotes as pandas reads them
  /// Only the test split is used: a list of test videos need not fit the annotations' own training split.
  bool test_only = false;
};

/// A file that a data set was read from.
struct DatasetFile {
  std::string role;  // "annotations", "train list"
  std::filesystem::path path;
};

/// One annotation format. To add a data set, write a reader and add a row to dataset_formats().
struct DatasetFormat {
  std::string name;         // "msrvtt", as DatasetSpec::format has it
  std::string title;        // "MSR-VTT"
  std::string annotations;  // its file's name, or what the file contains
  std::string source;       // paper and download; empty: the user's own captions
  /// Whether the file's content looks like this format, even if damaged; false unless it is a regular file.
  /// Throws what read_text_file() throws.
  bool (*recognises)(const std::filesystem::path& annotations);
  DataSet (*read)(const DatasetSpec& spec);                    // throws as read_msrvtt() does
  std::vector<DatasetFile> (*files)(const DatasetSpec& spec);  // those that `read` reads
};

/// The table of all formats.
[[nodiscard]] const std::vector<DatasetFormat>& dataset_formats();

/// "MSRVTT_data.json (MSR-VTT) or ...": the accepted annotations, for help and messages.
[[nodiscard]] std::string known_annotations(const std::vector<DatasetFormat>& formats = dataset_formats());

/// The format that `spec` names, or the one detected in its annotations. Throws Error(InvalidArgument),
/// listing the formats, when no annotations are given or the named format is unknown, Error(Unsupported) when
/// none is detected, and Error(NotFound) when there is no such file.
[[nodiscard]] const DatasetFormat& format_of(const DatasetSpec& spec,
                                             const std::vector<DatasetFormat>& formats = dataset_formats());

/// Reads and checks. Throws what format_of() and the format's reader throw.
[[nodiscard]] DataSet read_dataset(const DatasetSpec& spec,
                                   const std::vector<DatasetFormat>& formats = dataset_formats());

/// All files that read_dataset() reads. Throws as format_of() does.
[[nodiscard]] std::vector<DatasetFile> files_of(
    const DatasetSpec& spec, const std::vector<DatasetFormat>& formats = dataset_formats());

}  // namespace tvr
