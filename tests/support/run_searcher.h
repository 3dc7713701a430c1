#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "pipeline/encoders/run_encoder.h"
#include "pipeline/search/searcher.h"

namespace tvr::testing {

/// A searcher over the store of the run in `folder`, ready for many sentences.
inline Searcher searcher_of(const std::filesystem::path& folder, const WindowOptions& windows = {}) {
  const RunManifest run = read_manifest(folder);
  std::unique_ptr<EncoderPair> encoders = open_run(run);
  encoders->prepare();
  return {std::move(encoders), {run.store, folder / "search_index.bin", windows}, {}};
}

}  // namespace tvr::testing
