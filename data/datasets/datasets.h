#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/datasets/caption.h"
#include "data/datasets/video.h"

namespace tvr {

/// Files of an MSR-VTT style data set; empty paths are not given.
struct MsrvttFiles {
  std::filesystem::path annotations;  // MSRVTT_data.json
  std::filesystem::path train;        // CSV with a column video_id; empty: the split "train" of the JSON
  std::filesystem::path val;  // the same; empty: none, or the split "validate" if no list at all is given
  std::filesystem::path
      test;  // CSV with video_id and, when captions are chosen, sentence; empty: split "test"
};

/// Reads and checks; findings go to DataSet::notes. The published lists (1k-A with 9k or 7k, full) are known
/// by their content and named. Throws Error(Corrupt) with line and column for broken JSON and CSV,
/// Error(Mismatch) where a result would be wrong (a test video in train, an id that the JSON does not know,
/// ...).
[[nodiscard]] DataSet read_msrvtt(const MsrvttFiles& files);

/// How a captions file without a column `split` is cut.
struct CaptionSplit {
  std::string test_videos;  // glob over video ids ("ours/*", whatever folders lead there): these are test
  double test_fraction =
      0.2;  // without a glob: this share of the videos, chosen by a hash of the id; in (0, 1)
};

/// Reads `video,caption[,start,end][,split]` (columns by name; start and end in seconds, both empty: the
/// whole video; split: train, val, test). The column video holds an id, or a path below the videos folder
/// with or without extension and with or without the folder's own name: resolve_video_ids() finds out which.
/// Throws as read_msrvtt() does.
[[nodiscard]] DataSet read_captions(const std::filesystem::path& csv, const CaptionSplit& split);

/// Whether a file's first line has the columns `video` and `caption`. False for what is not a regular file.
/// Throws what read_text_file() throws.
[[nodiscard]] bool is_captions_csv(const std::filesystem::path& path);

/// Gives every clip the id that `sources` has for its video. A name fits an id when they are equal, or one is
/// the end of the other after a '/', the name with or without its extension: "videos/floor33/0001.mp4" fits
/// "floor33/0001", and "video7010" fits "TrainVideo/video7010". Clips without a source are dropped with their
/// captions and counted in the notes. Throws Error(Mismatch) when a name fits several ids or several names
/// fit one, Error(NotFound) when none of a split fits.
void resolve_video_ids(DataSet& data, const std::vector<VideoSource>& sources);

/// Moves the clips of a `fraction` of the training videos (by a hash of seed and id) to the validation split.
/// Throws Error(InvalidArgument) unless 0 < fraction < 1.
void hold_out_validation(DataSet& data, double fraction, std::uint64_t seed);

}  // namespace tvr
