#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/commands/learn_options.h"
#include "pipeline/commands/options.h"

namespace tvr {

/// What `pipeline train` and `pipeline eval` have in common: they work on an existing store.
struct StoreRunOptions {
  std::filesystem::path store;
  std::vector<std::string> lanes;            // empty: all of the store
  std::vector<std::string> feature_recipes;  // prefixes of recipe identities, for lanes with several
  DataOptions data;
  LearnOptions learn;
};

/// Adds the flags of store, lanes and captions; the subcommands add those of `learn` themselves.
void add_store_flags(CLI::App& command, StoreRunOptions& options);

}  // namespace tvr
