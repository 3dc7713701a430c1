#pragma once

#include <cstdint>
#include <filesystem>

#include "pipeline/commands/learn_options.h"
#include "pipeline/commands/options.h"

namespace tvr {

/// The options of `pipeline run`.
struct RunOptions {
  bool demo = false;
  int demo_clips = 0;  // 0: the demo's default
  std::uint64_t seed = 1;
  std::filesystem::path out;
  ExtractOptions extract;
  DataOptions data;
  LearnOptions learn;
};

void add_run_flags(CLI::App& command, RunOptions& options);

/// Fills in what depends on other flags: the seed of every step, the path of the store and, with --demo, the
/// demo's files and small networks, except where the user has set a flag. Throws Error(InvalidArgument) when
/// --out is missing.
void complete(CLI::App& command, RunOptions& options);

/// The folder of the demo's clips and captions in this run.
[[nodiscard]] std::filesystem::path demo_folder(const RunOptions& options);

}  // namespace tvr
