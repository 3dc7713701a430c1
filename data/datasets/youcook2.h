#pragma once

#include <filesystem>

#include "data/datasets/caption.h"
#include "data/datasets/dataset.h"

namespace tvr {

/// Whether a file looks like YouCook2's annotation JSON, even if malformed later. False unless it is a
/// regular file. Throws what read_text_file() throws.
[[nodiscard]] bool is_youcook2_json(const std::filesystem::path& path);

/// Reads `{"database": {id: {"subset": "training" | "validation", "annotations": [{"segment": [start, end],
/// "sentence": "..."}]}}}`: every segment is a clip with one caption. The training subset is for training;
/// the test split is the validation subset without the 21 videos that are in HowTo100M as well, which are the
/// 3,350 clips of the published figures; a note says how many were left out. --train, --val and --test name
/// other videos by lists (YouCook2's own train_list.txt and val_list.txt: `recipe/id` or `id`, a line each).
/// Throws Error(Corrupt) naming the file and the place ("database.ID.annotations[3].segment"),
/// Error(Mismatch) for listed videos that are not in the JSON and splits that share videos.
[[nodiscard]] DataSet read_youcook2(const DatasetSpec& spec);

/// Whether a file's first line has the columns of MIL-NCE's validation_youcook.csv: end, start, text,
/// video_id. False unless it is a regular file. Throws what read_text_file() throws.
[[nodiscard]] bool is_youcook2_csv(const std::filesystem::path& path);

/// Reads it: every row is a test clip with one caption. Throws Error(InvalidArgument) for lists of videos and
/// Error(Corrupt) naming file and line.
[[nodiscard]] DataSet read_youcook2_csv(const DatasetSpec& spec);

}  // namespace tvr
