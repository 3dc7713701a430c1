#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/datasets/data_options.h"
#include "data/store/feature_store.h"
#include "pipeline/learning/learning_options.h"
#include "pipeline/run/run_folder.h"
#include "pipeline/run/run_manifest.h"

namespace CLI {
class App;
}

namespace tvr {

/// What record_of() records a run from.
struct RunSubject {
  const RunFolder& folder;
  const std::filesystem::path& store;
  const std::vector<RecipeRow>& lanes;
  const DataOptions& data;
  const LearnOptions& learning;
  std::filesystem::path encoder = {};  // folder of the pair that a head was trained on; empty: there is none
  std::string encoder_id = {};         // its encoder_id()
};
/// The manifest (run.json) of a run that `command` has just trained. Hashes the files of
/// the model.
[[nodiscard]] RunManifest record_of(const CLI::App& command, const RunSubject& subject);

/// Reads the run in `folder` from its run.json, or from its config.toml if version 0.1 wrote it.
/// `other_store` replaces a store that is gone, `other_words`, if given, the word vectors. Throws what
/// read_manifest() and old_run() throw.
[[nodiscard]] RunManifest read_run(const std::filesystem::path& folder,
                                   const std::filesystem::path& other_store = {},
                                   const std::filesystem::path& other_words = {});

/// Where the encoder pair of a run is now; nothing for an empty `encoder`. Throws Error(InvalidArgument) for
/// a run without one.
void move_encoder(RunManifest& run, const std::filesystem::path& encoder);

/// The run that a checkpoint is of: of its folder, or of the folder above (epochs/e3.pth). nullopt: none.
[[nodiscard]] std::optional<RunManifest> run_of(const std::filesystem::path& checkpoint);

}  // namespace tvr
