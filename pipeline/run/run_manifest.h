#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/fingerprint.h"
#include "data/store/feature.h"
#include "data/store/recipe.h"

namespace tvr {

/// run.json, all that is needed to use a trained model again: values as they were resolved, not flags.
/// Neither videos, lists of a data set nor weights of networks need be there to read it.
struct RunManifest {
  std::vector<Recipe> lanes;  // in the model's order
  std::filesystem::path store;
  std::filesystem::path checkpoint;
  Digest checkpoint_content;  // sha256 of the file; empty: not known
  std::filesystem::path word_vectors;
  Pooling pooling = Pooling::Max;  // rows of a clip over time
  int max_words = 20;              // words of a sentence that the model sees; 1 to 1000

  /// What it was trained and tested on, for `eval`. Empty paths were not given.
  struct Data {
    std::string format;                      // "msrvtt", "captions"
    std::filesystem::path annotations;       // the data set's own file
    std::filesystem::path train, val, test;  // lists of videos in place of its own splits
    std::string test_videos;                 // for data without splits: glob over video ids
    double test_fraction = 0.2;              // or the share of the videos held out as test; 0 to 1
    double val_fraction = 0;                 // share of the training clips held out for validation; 0 to 1
    std::uint64_t seed = 1;                  // of that choice
  } data;

  // For the record; nothing depends on it.
  std::map<std::string, std::string> training;  // option to value
  std::map<std::string, std::string> made;      // "program", "commit", "when", "processor", "cores", "system"
};

/// Reads run.json in the folder `run`; all paths of the result are absolute or begin with `run`. Throws
/// Error(NotFound) saying which command writes it, Error(Corrupt), Error(Unsupported) for a newer version.
[[nodiscard]] RunManifest read_manifest(const std::filesystem::path& run);

/// Writes run.json into the folder `run`: paths within the folder as relative ones, so that it can be moved.
/// Throws Error(Unreadable).
void write_manifest(const std::filesystem::path& run, const RunManifest& manifest);

/// The same from and to the text of the file.
[[nodiscard]] RunManifest parse_manifest(const std::filesystem::path& run, std::string_view text);
[[nodiscard]] std::string text_of(const std::filesystem::path& run, const RunManifest& manifest);

/// Writes `manifest` unless run.json says the same already, apart from when and by whom it was made. A file
/// that cannot be read is written anew.
void keep_manifest(const std::filesystem::path& run, const RunManifest& manifest);

/// Throws Error(NotFound) for a checkpoint, store or file of word vectors that is not there, naming the flag
/// that takes another.
void require_files(const RunManifest& manifest);

}  // namespace tvr
