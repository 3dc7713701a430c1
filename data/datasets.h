#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/caption.h"

namespace tvr {

/// Files of an MSR-VTT style data set; empty paths are not given.
struct MsrvttFiles {
  std::filesystem::path annotations;  // MSRVTT_data.json
  std::filesystem::path train;        // CSV with a column video_id; empty: the split "train" of the JSON
  std::filesystem::path val;          // the same; empty: none
  std::filesystem::path test;         // CSV with video_id and, when captions are chosen, sentence; empty: split "test"
};

/// Reads and checks; findings go to DataSet::notes. Throws Error(Corrupt) with line and column for broken JSON and CSV,
/// Error(Mismatch) where a result would be wrong (a test video in train, an id that the JSON does not know, ...).
[[nodiscard]] DataSet read_msrvtt(const MsrvttFiles& files);

/// How a captions file without a column `split` is cut.
struct CaptionSplit {
  std::string test_videos;      // glob over video ids ("ours/*"): these are test, the rest is train
  double test_fraction = 0.2;   // without a glob: this share of the videos, chosen by a hash of the id
};

/// Reads `video,caption[,start,end][,split]` (columns by name; start and end in seconds). The column video holds an id,
/// or a path below the videos folder with or without extension and with or without the folder's own name.
[[nodiscard]] DataSet read_captions(const std::filesystem::path& csv, const CaptionSplit& split);

/// Moves a `fraction` of the training clips (by a hash of seed and id) to the validation split.
void hold_out_validation(DataSet& data, double fraction, std::uint64_t seed);

}  // namespace tvr
