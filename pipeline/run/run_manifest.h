#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/datasets/data_options.h"
#include "data/fingerprint.h"
#include "data/store/feature.h"
#include "data/store/recipe.h"

namespace tvr {

constexpr int kMostWords = 1000;
constexpr std::size_t kMostNetworks = 100;

struct ModelFile {
  std::filesystem::path file;
  Digest content;  // its sha256; empty: unknown
};

/// run.json, all that is needed to use a trained model again: resolved values, not flags. Reading it needs
/// neither the videos nor the data set's lists nor the weights of the networks.
struct RunManifest {
  std::vector<Recipe> lanes;  // in the model's order
  std::filesystem::path store;
  std::vector<ModelFile> networks;  // the checkpoints of one model, 1 to kMostNetworks
  /// Those of the same training with seeds seed + 1, ...; empty: none, or an older run.json.
  std::vector<std::vector<ModelFile>> further_seeds;
  ModelFile linear;           // the baseline; has no file where there is none
  double linear_weight = 0;   // the linear model's share of the similarity, 0 to 1
  ModelFile kernel;           // the kernel model; has no file where there is none
  double kernel_weight = 0;   // its share of the similarity; both shares are below 1 together
  ModelFile training_videos;  // ids of the videos that it was trained on, a line each; no file: unknown
  std::filesystem::path word_vectors;
  Digest word_vectors_content;     // their sha256; empty: unknown, or they lie outside of the run's folder
  std::filesystem::path encoder;   // folder of a pretrained pair, in place of word vectors; empty: none
  std::string encoder_id;          // encoder_id() of it; empty: unknown
  Pooling pooling = Pooling::Max;  // rows of a clip over time
  int max_words = 20;              // words of a sentence that the model uses; 1 to kMostWords

  // What it was trained and tested on, for `eval`.
  DataOptions data;
  std::uint64_t seed = 1;  // of the choice of clips held out for validation

  // For information: the rest is read from above, but what both say must agree.
  std::map<std::string, std::string> training;  // option to value
  std::map<std::string, std::string> made;      // "program", "commit", "when", "processor", "cores", "system"
};

/// Reads run.json in the folder `run`; all paths of the result are absolute or begin with `run`. Throws
/// Error(NotFound) saying which command writes it, Error(Corrupt), Error(Unsupported) for a newer version.
[[nodiscard]] RunManifest read_manifest(const std::filesystem::path& run);

/// Writes run.json into the folder `run`: paths inside the folder are relative, so that it can be moved.
/// Throws Error(Unreadable).
void write_manifest(const std::filesystem::path& run, const RunManifest& manifest);

/// The same from and to the text of the file.
[[nodiscard]] RunManifest parse_manifest(const std::filesystem::path& run, std::string_view text);
[[nodiscard]] std::string text_of(const std::filesystem::path& run, const RunManifest& manifest);

/// Writes `manifest` unless run.json already equals it, apart from when and where it was made. A file that
/// cannot be read is overwritten.
void keep_manifest(const std::filesystem::path& run, const RunManifest& manifest);

/// The digest of a file of the run. Throws Error(Mismatch) saying that it is not the `what` ("checkpoint")
/// that the manifest describes, when it has another one.
[[nodiscard]] Digest required_content(const ModelFile& file, const std::string& what);

/// Throws Error(NotFound) for a checkpoint, store or file of word vectors that does not exist, naming the
/// flag that takes another.
void require_files(const RunManifest& manifest);

}  // namespace tvr
