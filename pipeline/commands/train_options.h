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

/// Gives the flags of `command` (add_store_flags() among them) the values that the run in
/// `folder` was made with, by its config.toml, where the user has said nothing. Takes the folders of
/// `pipeline train` and of `pipeline run`. Throws Error(NotFound | Corrupt) when it is neither.
void give_defaults_of_run(CLI::App& command, const std::filesystem::path& folder);

}  // namespace tvr
