#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/commands/learn_options.h"
#include "pipeline/commands/options.h"

namespace tvr {

/// `pipeline train` and `pipeline eval`: the cheap side alone, on a store.
struct StoreRunOptions {
  std::filesystem::path store;
  std::vector<std::string> lanes;            // empty: all of the store
  std::vector<std::string> feature_recipes;  // beginnings of recipe identities, where a lane has several
  DataOptions data;
  LearnOptions learn;
};

/// The flags of store, lanes and captions; those of `learn` the subcommands add themselves.
void add_store_flags(CLI::App& command, StoreRunOptions& options);

}  // namespace tvr
