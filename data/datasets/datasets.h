#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/datasets/caption.h"
#include "data/datasets/video.h"

namespace tvr {

/// Files of a data set in MSR-VTT's format; empty paths: not given.
struct MsrvttFiles {
  std::filesystem::path annotations;  // MSRVTT_data.json
  std::filesystem::path train;        // CSV with a column video_id; empty: the split "train" of the JSON
  std::filesystem::path val;          // the same; empty: none, or the split "validate" if no list is given
  std::filesystem::path test;  // CSV with video_id and, for selected captions, sentence; empty: split "test"
  bool test_only = false;      // train and val are what lists say, without the splits of the JSON
};

/// Reads and checks; findings go to DataSet::notes. The published lists (1k-A with 9k or 7k, full) are
/// recognised by their content and named. Throws Error(Corrupt) with line and column for broken JSON and CSV,
/// Error(Mismatch) for what would make results wrong (a test video in train, an id that is not in the JSON,
/// ...).
[[nodiscard]] DataSet read_msrvtt(const MsrvttFiles& files);

/// How a captions file without a column `split` is divided.
struct CaptionSplit {
  std::string test_videos;  // glob over video ids ("ours/*", below any folder): the test videos
  double test_fraction =
      0.2;  // without a glob: this fraction of the videos, chosen by a hash of the id; from 0 to 1
};

/// Reads `video,caption[,start,end][,split]` (columns by name; start and end in seconds, both empty: the
/// whole video; split: train, val, test). The column video contains an id, or a path below the videos folder
/// with or without extension and with or without the folder's own name; resolve_video_ids() accepts all of
/// these. Throws as read_msrvtt() does.
[[nodiscard]] DataSet read_captions(const std::filesystem::path& csv, const CaptionSplit& split);

/// Whether a file's first line has the columns `video` and `caption`. False unless it is a regular file.
/// Throws what read_text_file() throws.
[[nodiscard]] bool is_captions_csv(const std::filesystem::path& path);

/// Replaces the video name of every clip by the matching id in `sources`. A name, with or without its
/// extension, matches an id when they are equal or one is a suffix of the other after a '/':
/// "videos/floor33/0001.mp4" matches "floor33/0001", and "video7010" matches "TrainVideo/video7010". A name
/// with blanks around it that matches none is tried without them. Clips without a source are dropped with
/// their captions and counted in the notes. Throws Error(Mismatch) when a name matches several ids or several
/// names match one id, Error(NotFound) when no name of a split matches.
void resolve_video_ids(DataSet& data, const std::vector<VideoSource>& sources);

/// The ids in `sources` of the videos with these names, by the same rule; what matches none is absent. Throws
/// Error(Mismatch) as above.
[[nodiscard]] std::map<std::string, std::string> video_ids_of(const std::vector<std::string>& names,
                                                              const std::vector<VideoSource>& sources);

/// Moves the clips of a `fraction` of the training videos (chosen by a hash of seed and id) to the validation
/// split. Throws Error(InvalidArgument) unless 0 < fraction < 1.
void hold_out_validation(DataSet& data, double fraction, std::uint64_t seed);

}  // namespace tvr
