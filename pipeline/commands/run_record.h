#pragma once

#include <filesystem>
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

/// What a run is recorded from.
struct RunSubject {
  const RunFolder& folder;
  const std::filesystem::path& store;
  const std::vector<RecipeRow>& lanes;
  const DataOptions& data;
  const LearnOptions& learning;
};
/// run.json of a run that has just been trained by `command`. Reads the checkpoint.
[[nodiscard]] RunManifest record_of(const CLI::App& command, const RunSubject& subject);

/// What is known of the run in `folder`, by its run.json, or by its config.toml where an older program wrote
/// it. `other_store` stands in for a store that is gone. Throws what read_manifest() and old_run() throw.
[[nodiscard]] RunManifest read_run(const std::filesystem::path& folder,
                                   const std::filesystem::path& other_store = {});

}  // namespace tvr
