#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/datasets/caption.h"
#include "data/datasets/datasets.h"

namespace tvr {

/// The data set that the user named; empty paths are not given.
struct DatasetSpec {
  std::string format;                 // a name of dataset_formats(); empty: told by the content
  std::filesystem::path annotations;  // its own file
  std::filesystem::path train, val,
      test;            // lists of videos in place of its splits, where the format has lists
  CaptionSplit split;  // for captions without splits
};

/// A file that a data set was read from.
struct DatasetFile {
  std::string role;  // "annotations", "train list"
  std::filesystem::path path;
};

/// What the program knows of one format. Adding a data set is writing a reader and adding a row.
struct DatasetFormat {
  std::string name;         // "msrvtt", as DatasetSpec::format has it
  std::string title;        // "MSR-VTT"
  std::string annotations;  // what its file is called, or what is in it
  std::string source;       // paper and where to get it; empty: captions of one's own
  /// Whether the file's content is of this format, damaged perhaps; false for what is not a regular file.
  /// Throws what read_text_file() throws.
  bool (*recognises)(const std::filesystem::path& annotations);
  DataSet (*read)(const DatasetSpec& spec);                    // throws as read_msrvtt() does
  std::vector<DatasetFile> (*files)(const DatasetSpec& spec);  // those that `read` reads
};

/// The table of all formats.
[[nodiscard]] const std::vector<DatasetFormat>& dataset_formats();

/// "MSRVTT_data.json (MSR-VTT) or ...": what may be given as annotations, for help and messages.
[[nodiscard]] std::string known_annotations(const std::vector<DatasetFormat>& formats = dataset_formats());

/// The format that `spec` names or its annotations have. Throws Error(InvalidArgument) listing the formats
/// when none is named, an unknown one is, or the content is of none, and Error(NotFound) when there is no
/// such file.
[[nodiscard]] const DatasetFormat& format_of(const DatasetSpec& spec,
                                             const std::vector<DatasetFormat>& formats = dataset_formats());

/// Reads and checks. Throws what format_of() and the format's reader throw.
[[nodiscard]] DataSet read_dataset(const DatasetSpec& spec,
                                   const std::vector<DatasetFormat>& formats = dataset_formats());

/// All files that read_dataset() reads. Throws as format_of() does.
[[nodiscard]] std::vector<DatasetFile> files_of(
    const DatasetSpec& spec, const std::vector<DatasetFormat>& formats = dataset_formats());

}  // namespace tvr
